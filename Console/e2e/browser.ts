import { readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { preview, type PreviewServer } from 'vite'
import type { TestContext } from 'vitest'
import { platform } from '../build/platform.ts'

const ROOT = resolve(import.meta.dirname, '..')
export const SCREENSHOTS = resolve(ROOT, '../artifacts/console')
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']

export interface Console {
  page: Page
  browser: Browser
  address: string
  /** What the page complained of since it was last asked. */
  complaints: () => string[]
  stop: () => Promise<void>
}

/** The built console in a browser, against the platform: CONSOLE_ADDRESS names one that is served already. */
export async function openConsole(): Promise<Console> {
  const server: PreviewServer | null = process.env.CONSOLE_ADDRESS
    ? null
    : await preview({ root: ROOT, configFile: join(ROOT, 'vite.config.ts'), preview: { port: 0 }, logLevel: 'error' })
  const address = (process.env.CONSOLE_ADDRESS ?? server?.resolvedUrls?.local[0] ?? '').replace(/\/$/, '')
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
  })
  const context = await browser.newContext({ viewport: { width: 1360, height: 860 }, reducedMotion: 'reduce' })
  const page = await context.newPage()
  const heard = listen(page)
  return {
    page,
    browser,
    address,
    complaints: () => heard.splice(0),
    stop: async () => {
      await browser.close()
      await server?.close()
    },
  }
}

/** Another person's window: nothing is shared with the first but the browser and the address. */
export async function another(open: Console): Promise<Console> {
  const context = await open.browser.newContext({ viewport: { width: 1360, height: 860 }, reducedMotion: 'reduce' })
  const page = await context.newPage()
  page.setDefaultTimeout(15_000)
  const heard = listen(page)
  return { ...open, page, complaints: () => heard.splice(0), stop: () => context.close() }
}

/** Says where a violation of the policy comes from, which the browser's own message leaves out. */
const TELL_VIOLATIONS = `addEventListener('securitypolicyviolation', (event) =>
  console.error('CSP', event.violatedDirective, event.blockedURI, event.sourceFile, event.lineNumber,
    event.columnNumber, event.sample, event.target?.outerHTML?.slice(0, 200)))`

function listen(page: Page): string[] {
  const heard: string[] = []
  void page.addInitScript(TELL_VIOLATIONS)
  page.on('console', (message) => {
    if (message.type() === 'error' || /Content Security Policy/.test(message.text()))
      heard.push(`console: ${message.text()}`)
  })
  page.on('pageerror', (error) => heard.push(`error: ${error.message}`))
  page.on('requestfailed', (request) => {
    if (request.failure()?.errorText !== 'net::ERR_ABORTED') heard.push(`failed: ${request.url()}`)
  })
  page.on('response', (answer) => {
    if (answer.status() >= 400) heard.push(`${answer.status()}: ${answer.request().method()} ${answer.url()}`)
  })
  return heard
}

export async function signIn(console: Console, email?: string, password?: string) {
  await console.page.goto(`${console.address}/`)
  await fillIn(console, email, password)
}

/** Signs in at the address that is open. */
export async function fillIn({ page }: Console, email?: string, password?: string) {
  const known = platform(ROOT)
  await page.getByLabel('E-mail address').fill(email ?? known?.email ?? '')
  await page.getByRole('textbox', { name: 'Password' }).fill(password ?? known?.password ?? '')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.locator('#main').waitFor() // the side bar is behind a button on a phone
}

/** Goes to a page within the application, and waits until it has read what it shows. */
export async function goTo({ page }: Console, path: string) {
  await page.evaluate((href) => {
    history.pushState(null, '', href)
    dispatchEvent(new PopStateEvent('popstate'))
  }, path)
  await settle(page)
}

export async function settle(page: Page) {
  await page.waitForTimeout(250)
  await page.waitForLoadState('networkidle')
  await page
    .getByText('Loading', { exact: true })
    .waitFor({ state: 'detached', timeout: 15_000 })
    .catch(() => undefined)
  await page.waitForTimeout(250)
}

interface AxeWindow {
  axe: {
    run: (
      context: Document,
      options: unknown,
    ) => Promise<{ violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[] }>
  }
}

/** What axe finds wrong by WCAG 2.2 AA, one line each. */
export async function axe(page: Page): Promise<string[]> {
  await page.evaluate(AXE)
  const found = await page.evaluate(
    (tags) => (window as unknown as AxeWindow).axe.run(document, { runOnly: { type: 'tag', values: tags } }),
    TAGS,
  )
  return found.violations.flatMap((violation) =>
    violation.nodes
      .slice(0, 4)
      .map((node) => `${violation.id}: ${node.html.slice(0, 260)} ${node.failureSummary?.slice(0, 300) ?? ''}`),
  )
}

/** The console goes by the system's scheme unless somebody chose one. */
export async function setScheme(page: Page, scheme: 'light' | 'dark') {
  await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' })
  await page.waitForTimeout(150)
}

export async function screenshot(page: Page, name: string) {
  await mkdir(SCREENSHOTS, { recursive: true })
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`) })
}

/** Leaves a picture of what a test saw that failed, under its name: `failed-NAME.png`. */
export function pictureFailure(context: TestContext, page: Page) {
  context.onTestFailed(() => screenshot(page, `failed-${context.task.name.replace(/[^a-z0-9]+/gi, '-').slice(0, 80)}`))
}

/** Whether the page can be moved sideways: content wider than the window. */
export const isTooWide = (page: Page) =>
  page.evaluate(() => {
    const main = document.getElementById('main')
    return document.documentElement.scrollWidth > innerWidth || (main !== null && main.scrollWidth > main.clientWidth)
  })
