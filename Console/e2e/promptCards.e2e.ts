import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  axe,
  type Console,
  goTo,
  isTooWide,
  openConsole,
  pictureFailure,
  screenshot,
  setScheme,
  signIn,
} from './browser.ts'
import { startProvider } from './provider.ts'
import { api } from './routes.ts'

const MODEL = `cards-${Date.now()}`
const TITLE = `Greeting ${Date.now()}`

describe('prompt cards', () => {
  let open: Console
  let stop: () => Promise<void>
  let card: string

  beforeAll(async () => {
    stop = await startProvider(MODEL)
    const [workspace] = await api<{ id: string }[]>('GET', '/workspaces?per_page=1')
    card = (
      await api<{ id: string }>('POST', '/prompt-cards', {
        workspaceId: workspace?.id,
        title: TITLE,
        messages: [{ role: 'user', text: 'Greet {{ name }}.' }],
        variables: [{ name: 'name', type: 'string', required: true }],
        settings: { model: MODEL },
      })
    ).id
    await api('POST', `/prompt-cards/${card}/test-sets`, {
      name: 'Names',
      cases: [
        { name: 'Ada', variables: { name: 'Ada' }, assertions: [{ type: 'contains', value: 'Ada' }] },
        { name: 'Bob', variables: { name: 'Bob' }, assertions: [{ type: 'contains', value: 'Zoe' }] },
      ],
    })
    open = await openConsole()
    await signIn(open)
  }, 90_000)

  beforeEach((context) => {
    open.complaints()
    pictureFailure(context, open.page)
  })

  afterAll(async () => {
    await api('DELETE', `/prompt-cards/${card}`)
    await stop?.()
    await open?.stop()
  })

  it('a card is found, filled, and asked', async () => {
    const { page } = open
    await goTo(open, '/prompt-cards')
    await page.getByText(TITLE).first().click()
    await page.getByRole('heading', { name: TITLE }).waitFor()
    await page.getByRole('tab', { name: 'Try' }).click()
    await page.getByRole('button', { name: 'Ask' }).waitFor()
    const boxes = page.getByRole('textbox', { name: 'Variables' })
    await boxes.first().fill('{"name": "Ada"}')
    await page.getByRole('button', { name: 'Fill' }).click()
    await page.getByText('Greet Ada.').waitFor()
    await boxes.last().fill('{"name": "Ada"}')
    await page.getByRole('button', { name: 'Ask' }).click()
    await page.getByText('You said: Greet Ada.').waitFor()
    expect(await axe(page)).toEqual([])
    await screenshot(page, 'card-try')
  })

  it('a test set runs, and each case says what came of it', async () => {
    const { page } = open
    await goTo(open, `/prompt-cards/${card}?tab=tests`)
    await page.getByText('Names').waitFor()
    await page.getByRole('button', { name: 'Run…' }).click()
    await page
      .getByRole('dialog')
      .getByRole('button', { name: /^(Run|Start)/ })
      .click()
    await page.getByText('Passed').first().waitFor({ timeout: 60_000 })
    await page.getByText('Failed').first().waitFor({ timeout: 60_000 })
    expect(await axe(page)).toEqual([])
    await screenshot(page, 'card-tests')
    for (const tab of ['card', 'versions', 'figures']) {
      await goTo(open, `/prompt-cards/${card}?tab=${tab}`)
      expect(await axe(page)).toEqual([])
      await screenshot(page, `card-${tab}`)
    }
    await setScheme(page, 'dark')
    await screenshot(page, 'card-dark')
    await setScheme(page, 'light')
    await page.setViewportSize({ width: 390, height: 844 })
    await expect.poll(() => isTooWide(page)).toBe(false)
    await page.setViewportSize({ width: 1360, height: 860 })
    expect(open.complaints()).toEqual([])
  })
})
