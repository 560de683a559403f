import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { chromium, type Page } from 'playwright-core'
import { expect } from 'vitest'

export interface Made {
  id: string
}

export interface DefinitionLike {
  nodes: {
    id: string
    name?: string
    position?: { x: number; y: number }
    parameters?: unknown
    [other: string]: unknown
  }[]
  edges: { from: string; to: string; port?: string }[]
}

export const set = (id: string, x: number, value: unknown) => ({
  id,
  type: 'set',
  parameters: { value },
  position: { x, y: 0 },
})

export const LINE = {
  schema: 1,
  nodes: [
    set('a', 0, 1),
    set('b', 320, '{{ steps.a.output + 1 }}'),
    set('c', 640, '{{ steps.b.output + steps.a.output }}'),
  ],
  edges: [
    { from: 'a', to: 'b' },
    { from: 'b', to: 'c' },
  ],
  output: '{{ steps.c.output }}',
}

/** A server without the routes of editors, or without a copy of the caller's, answers these with 404. */
export const EXPECTED = /\/(expressions\/functions|working-copy|pins)\b|status of 404/

function killGroup(pid: number | undefined) {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error // it was killed before
  }
}

/** A browser of its own process, to be killed without a chance to write anything more. */
export async function launch(folder: string): Promise<{ page: Page; kill: () => void }> {
  const portFile = join(folder, 'DevToolsActivePort')
  await rm(portFile, { force: true })
  await rm(join(folder, 'SingletonLock'), { force: true })
  const flags = [
    '--no-sandbox',
    '--headless=new',
    '--disable-dev-shm-usage',
    '--remote-debugging-port=0',
    '--window-size=1360,860',
  ]
  const child = spawn(process.env.CHROMIUM ?? '/usr/bin/chromium', [...flags, `--user-data-dir=${folder}`], {
    stdio: 'ignore',
    detached: true, // a group of its own, so that killing it takes its children too
  })
  const port = await expect
    .poll(() => (existsSync(portFile) ? readFileSync(portFile, 'utf8').split('\n')[0] : ''), { timeout: 20_000 })
    .toMatch(/^\d+$/)
    .then(() => readFileSync(portFile, 'utf8').split('\n')[0])
  const browser = await chromium.connectOverCDP(`http://127.0.0.1:${port}`)
  const context = browser.contexts()[0] ?? (await browser.newContext())
  const page = context.pages()[0] ?? (await context.newPage())
  page.setDefaultTimeout(15_000)
  await page.setViewportSize({ width: 1360, height: 860 })
  return { page, kill: () => killGroup(child.pid) }
}
