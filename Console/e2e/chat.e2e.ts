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

const MODEL = `model-${Date.now()}`
const WORD = `Zebracorn${Date.now()}`

describe('models and chats', () => {
  let open: Console
  let stop: () => Promise<void>

  beforeAll(async () => {
    stop = await startProvider(MODEL)
    open = await openConsole()
    await signIn(open)
  }, 90_000)

  beforeEach((context) => {
    open.complaints()
    pictureFailure(context, open.page)
  })

  afterAll(async () => {
    await stop?.()
    await open?.stop()
  })

  it('a model is tested, and its cost and calls are shown', async () => {
    const { page } = open
    await goTo(open, '/models')
    await page.getByText(MODEL).click()
    await page.getByRole('button', { name: 'Test', exact: true }).click()
    await page.getByText(/It answers: .*ready/).waitFor()
    await screenshot(page, 'models-tested')
    await goTo(open, '/models?tab=calls')
    await page.getByText(MODEL).first().waitFor()
    await goTo(open, '/models?tab=cost')
    await page.getByText('Spent').waitFor()
    expect(await axe(page)).toEqual([])
    await screenshot(page, 'models-cost')
  })

  it('a question is answered as it comes, again, from knowledge with its source, and found', async () => {
    const { page } = open
    await api('POST', '/knowledge', {
      title: `About ${WORD}`,
      content: `# ${WORD}\n\nA ${WORD} lives for ninety years. It eats moss.`,
    })
    await goTo(open, '/chat')
    const box = page.getByRole('textbox', { name: 'Your question' })
    await box.fill(`Tell me of the ${WORD}`)
    await box.press('Enter')
    await page.getByRole('article', { name: 'Answer' }).getByText(`You said: Tell me of the ${WORD}`).waitFor()
    await page.waitForURL(/\/chat\/[0-9a-f-]+$/)
    await page.getByRole('button', { name: 'Answer again' }).click()
    await page.getByRole('button', { name: 'Answer again' }).waitFor()
    await expect
      .poll(async () => (await api<{ total: number }>('GET', `/search?q=${WORD}&type=knowledge_article`)).total, {
        timeout: 30_000,
      })
      .toBeGreaterThan(0)
    await page.getByRole('switch', { name: /Answer from our knowledge/ }).click()
    await expect.poll(() => page.getByRole('switch').isChecked()).toBe(true)
    await box.fill(`How old does a ${WORD} get?`)
    await page.getByRole('button', { name: 'Send' }).click()
    const sources = page.getByRole('list', { name: 'Sources' })
    await sources.getByRole('link', { name: new RegExp(`About ${WORD}`) }).waitFor()
    await page.getByText('lives for ninety years').first().waitFor()
    expect(await axe(page)).toEqual([])
    await screenshot(page, 'chat')
    await setScheme(page, 'dark')
    await screenshot(page, 'chat-dark')
    await setScheme(page, 'light')
    await page.setViewportSize({ width: 390, height: 844 })
    await expect.poll(() => isTooWide(page)).toBe(false)
    await screenshot(page, 'chat-phone')
    await page.setViewportSize({ width: 1360, height: 860 })
    await goTo(open, '/chat')
    await page.getByRole('textbox', { name: 'Find in conversations' }).fill(WORD)
    await page.getByRole('navigation', { name: 'Conversations' }).getByText(`Tell me of the ${WORD}`).waitFor()
    expect(open.complaints()).toEqual([])
  })
})
