import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { axe, type Console, goTo, isTooWide, openConsole, screenshot, setScheme, signIn } from './browser.ts'
import { routes } from './routes.ts'
import { seed } from './seed.ts'

// ROUTES and MODES narrow the tour to the pages that one works on: ROUTES=/executions,/me MODES=dark
const MODES = (process.env.MODES ?? 'light,dark,phone').split(',')
const VIEWS = { light: [1360, 860], dark: [1360, 860], phone: [390, 844] } as const

const named = (path: string) => path.replaceAll(/[^a-z0-9]+/gi, '-').replaceAll(/^-|-$/g, '') || 'home'

describe('every route', () => {
  let open: Console
  let paths: Record<string, string> = {}

  beforeAll(async () => {
    if (!process.env.ROUTES) await seed()
    open = await openConsole()
    await signIn(open)
    paths = process.env.ROUTES
      ? Object.fromEntries(process.env.ROUTES.split(',').map((path) => [named(path), path]))
      : await routes()
    open.complaints()
  })

  afterAll(() => open?.stop())

  it.each(MODES)(
    'is there without an error, readable by all, in the mode %s (check 30)',
    async (mode) => {
      const [width, height] = VIEWS[mode as keyof typeof VIEWS]
      const wrong: string[] = []
      for (const [name, path] of Object.entries(paths)) {
        await open.page.setViewportSize({ width, height })
        await goTo(open, path)
        await setScheme(open.page, mode === 'dark' ? 'dark' : 'light')
        await screenshot(open.page, `${name}-${mode}`)
        const found = [...open.complaints(), ...(await axe(open.page)).map((line) => `axe ${line}`)]
        if (await isTooWide(open.page)) found.push('wider than the window')
        if ((await open.page.locator('h1').count()) !== 1) found.push('no heading, or several')
        wrong.push(...found.map((line) => `${path}: ${line}`))
      }
      expect(wrong).toEqual([])
    },
    600_000,
  )
})
