import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { axe, type Console, goTo, openConsole, pictureFailure, signIn } from './browser.ts'
import { api } from './routes.ts'
import { HOSTILE } from './seed.ts'

const TITLE = `Refunds ${Date.now()}`
const CONTENT = `# How to refund\n\n${HOSTILE}\n\n[bad](javascript:alert(1))\n\n| Country | Days |\n| --- | --- |\n| Ghana | 7 |\n`

describe('what a tenant knows', () => {
  let open: Console
  const dialogs: string[] = []

  beforeAll(async () => {
    open = await openConsole()
    open.page.on('dialog', (dialog) => {
      dialogs.push(dialog.message())
      void dialog.dismiss()
    })
    await signIn(open)
  })

  beforeEach((context) => {
    open.complaints()
    pictureFailure(context, open.page)
  })

  afterAll(() => open?.stop())

  it('an article is written, read as text and nothing else, changed, compared and restored', async () => {
    const { page } = open
    await goTo(open, '/knowledge')
    await page.getByRole('button', { name: 'New article' }).click()
    await page.getByLabel('Title').last().fill(TITLE)
    await page.getByRole('textbox', { name: 'Text', exact: true }).fill(CONTENT)
    await page.getByRole('button', { name: 'Create' }).click()
    await page.getByRole('heading', { name: TITLE }).waitFor()
    await page.getByRole('heading', { name: 'How to refund' }).waitFor()
    await page.getByRole('cell', { name: 'Ghana' }).waitFor()
    expect(await page.locator('#main img').count()).toBe(0)
    expect(await page.locator('a[href^="javascript"]').count()).toBe(0)
    expect(await axe(page)).toEqual([])

    await page.getByRole('button', { name: 'Edit' }).click()
    await page.getByRole('textbox', { name: 'Text', exact: true }).fill('# How to refund\n\nAsk nobody.')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Ask nobody.').waitFor()
    await page.getByRole('tab', { name: 'Versions' }).click()
    await page.getByRole('button', { name: /^1/ }).first().click()
    await page.getByText('Version 1 compared with 2').waitFor()
    await page.locator('[data-kind=added]').getByText('Ask nobody.').waitFor()
    expect(await axe(page)).toEqual([])
    await page.getByRole('button', { name: 'Make it this again' }).click()
    await page.getByRole('tab', { name: 'Text' }).click()
    await page.getByRole('cell', { name: 'Ghana' }).waitFor()
    expect(dialogs).toEqual([])
    expect(open.complaints()).toEqual([])
  })

  it('a file is uploaded, read, and found by what it says', async () => {
    const { page } = open
    const word = `guilder${Date.now()}`
    await goTo(open, '/knowledge')
    await page.getByRole('button', { name: 'Upload a file' }).click()
    await page
      .locator('input[type=file]')
      .setInputFiles({ name: 'rates.csv', mimeType: 'text/csv', buffer: Buffer.from(`coin;rate\n${word};2\n`) })
    await page.getByRole('button', { name: 'Upload', exact: true }).click()
    await page.getByRole('heading', { name: 'rates' }).waitFor()
    await page.getByRole('cell', { name: word }).waitFor({ timeout: 30_000 })
    const id = new URL(page.url()).pathname.split('/').at(-1)
    const best = async () =>
      (await api<{ hits: { id: string }[] }>('GET', `/search?q=${word}&type=knowledge_article`)).hits[0]?.id
    await expect.poll(best, { timeout: 20_000 }).toBe(id)
    expect(open.complaints()).toEqual([])
  })

  it('a file that cannot be read says why', async () => {
    const { page } = open
    await goTo(open, '/knowledge')
    await page.getByRole('button', { name: 'Upload a file' }).click()
    await page
      .locator('input[type=file]')
      .setInputFiles({ name: 'broken.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.7\nnonsense') })
    await page.getByRole('button', { name: 'Upload', exact: true }).click()
    await page.getByText('The file could not be read').waitFor({ timeout: 30_000 })
    await page.getByText('FILE_MALFORMED').waitFor()
    expect(await axe(page)).toEqual([])
  })
})
