import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { another, type Console, goTo, openConsole, pictureFailure, signIn } from './browser.ts'
import { person } from './made.ts'
import { platform } from '../build/platform.ts'
import { resolve } from 'node:path'
import { routes } from './routes.ts'
import { seed } from './seed.ts'

/** Buttons that can be pressed by nobody, and do not say why. */
const DEAD = 'main button:disabled:not([aria-label]):not([data-loading])'

const OF_AN_OBJECT = /[0-9a-f-]{36}/

describe('what others see', () => {
  let open: Console

  beforeAll(async () => {
    await seed()
    open = await openConsole()
  })

  beforeEach((context) => pictureFailure(context, open.page))

  afterAll(() => open?.stop())

  it.each(['viewer', 'member', 'operator'])(
    'each route is there for a %s, says what it needs, and asks for nothing that is refused (check 28)',
    async (role) => {
      const theirs = await another(open)
      try {
        const who = await person(role, role)
        await signIn(theirs, who.email, who.password)
        theirs.complaints()
        const wrong: string[] = []
        for (const path of [...Object.values(await routes()), '/rules/new']) {
          await goTo(theirs, path)
          // Objects that were granted to nobody are not there for a member: their pages say so.
          const refused = theirs.complaints().filter((line) => !/\b404\b/.test(line) || !OF_AN_OBJECT.test(path))
          if ((await theirs.page.locator('h1').count()) !== 1) refused.push('no heading, or several')
          for (const dead of await theirs.page.locator(DEAD).all())
            refused.push(`dead: ${(await dead.innerText()).slice(0, 60)}`)
          wrong.push(...refused.map((line) => `${path}: ${line}`))
        }
        expect(wrong).toEqual([])
      } finally {
        await theirs.stop()
      }
    },
    300_000,
  )

  it('objects of another tenant are nowhere to be found (check 28)', async () => {
    const known = platform(resolve(import.meta.dirname, '..'))
    const theirs = await another(open)
    try {
      await signIn(theirs, known?.operatorEmail, known?.operatorPassword)
      theirs.complaints()
      for (const [name, path] of Object.entries(await routes())) {
        if (!OF_AN_OBJECT.test(path)) continue
        await goTo(theirs, path)
        const title = await theirs.page.getByRole('heading', { level: 1 }).innerText()
        expect(`${name}: ${title}`).toMatch(/No .*here|not|Approvals|need/i)
      }
    } finally {
      await theirs.stop()
    }
  }, 300_000)
})
