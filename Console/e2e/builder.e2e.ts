import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Console, goTo, openConsole, pictureFailure, screenshot, settle, signIn } from './browser.ts'
import { EXPECTED } from './editing.ts'
import { ended } from './made.ts'
import { api } from './routes.ts'

interface Named {
  id: string
  name: string
}

// Its pictures are those of docs/console.md, "From nothing to a repaired run".
describe('a builder', () => {
  const name = `Price an order ${Date.now()}`
  let open: Console

  beforeAll(async () => {
    open = await openConsole()
    open.page.setDefaultTimeout(15_000)
    await open.page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    await signIn(open)
    open.complaints()
  })

  afterAll(async () => {
    await open?.stop()
    for (const one of await api<Named[]>('GET', `/workflows?name=${encodeURIComponent(name)}`))
      await api('DELETE', `/workflows/${one.id}?force=true&cancel=true`)
  })

  it('draws, tests, publishes and repairs an order workflow without the JSON view', async (context) => {
    const { page } = open
    pictureFailure(context, page)
    const picture = (at: number) => screenshot(page, `builder-${at}`)
    const node = (id: string) => page.locator(`.react-flow__node[data-id="${id}"]`)
    const add = async (type: string, id: string) => {
      await page.keyboard.press('Tab')
      await page.getByRole('combobox', { name: 'Search node types' }).waitFor()
      await page.keyboard.type(type)
      await page.keyboard.press('Enter')
      await node(id).waitFor()
    }
    /** Writes an expression into a field, in the place of what is there. */
    const write = async (field: string, expression: string) => {
      await page.getByRole('tab', { name: 'Parameters' }).click()
      await page.getByRole('textbox', { name: field }).first().click()
      await page.keyboard.press('Control+a')
      await page.keyboard.press('Delete')
      await page.keyboard.type(expression)
      await page.keyboard.press('Escape')
    }
    const publish = async (comment: string) => {
      await page.getByRole('button', { name: 'Publish', exact: true }).click()
      await page.getByRole('textbox', { name: 'Comment' }).fill(comment)
      await page.getByRole('button', { name: 'Save and publish' }).click()
      await page.getByRole('dialog').waitFor({ state: 'detached' })
    }

    await goTo(open, '/workflows?new=empty')
    await page.getByRole('dialog').getByRole('textbox', { name: 'Name' }).fill(name)
    await page.getByRole('button', { name: 'Create', exact: true }).click()
    await page.waitForURL(/\/workflows\/[0-9a-f-]{36}\/edit/)
    const id = page.url().match(/workflows\/([0-9a-f-]{36})/)?.[1] ?? ''
    await page.getByRole('application', { name: 'Canvas of the workflow' }).click()
    await add('if', 'if')
    await write('condition', 'input.total > 100')
    await node('if').click()
    await add('set', 'set')
    await write('value', "{{ {'total': input.total, 'discount': input.total * 0.05} }}")
    await page.waitForTimeout(600)
    await picture(1)

    await page.getByRole('button', { name: 'Test', exact: true }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Input of the test').click()
    await page.keyboard.press('Control+a')
    await page.keyboard.type('{"total": 250}')
    await dialog.getByRole('button', { name: 'Test', exact: true }).click()
    await page.getByRole('button', { name: 'Test run: completed' }).waitFor({ timeout: 30_000 })
    await node('set').click()
    await page.getByRole('tab', { name: 'Output' }).click()
    await page.getByText('12.5').first().waitFor()
    await picture(2)
    await page.keyboard.press('Escape')

    await publish('Five percent above a hundred')
    await goTo(open, `/workflows/${id}`)
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    await dialog.getByLabel('Input', { exact: true }).click()
    await page.keyboard.press('Control+a')
    await page.keyboard.type('{"total": "250"}')
    await picture(3)
    await dialog.getByRole('button', { name: 'Run', exact: true }).click()
    await page.waitForURL(/\/executions\/[0-9a-f-]{36}/)
    const failed = page.url().match(/executions\/([0-9a-f-]{36})/)?.[1] ?? ''
    expect(await ended(failed)).toBe('failed')
    await page.locator('.react-flow__node[data-id="if"][aria-label*="Failed"]').waitFor()
    await page.keyboard.press('n')
    await page.getByLabel('Error of if').waitFor()
    await settle(page)
    await picture(4)

    await goTo(open, `/workflows/${id}/edit`)
    await node('if').click()
    await write('condition', '$number(input.total) > 100')
    await node('set').click()
    await write('value', "{{ {'total': $number(input.total), 'discount': $number(input.total) * 0.05} }}")
    await page.waitForTimeout(900)
    await publish('Totals may come as text')
    await picture(5)

    await goTo(open, `/executions/${failed}`)
    await page.getByRole('button', { name: 'Run again' }).first().click()
    await dialog.getByRole('combobox', { name: 'Version' }).or(dialog.getByLabel('Version')).first().click()
    await page.getByRole('option', { name: 'The published one' }).click()
    await dialog.getByRole('button', { name: 'Run again', exact: true }).click()
    await page.waitForURL(/\/compare\/[0-9a-f-]{36}/)
    const repaired = page.url().match(/compare\/([0-9a-f-]{36})/)?.[1] ?? ''
    expect(await ended(repaired)).toBe('completed')
    await page.getByRole('row', { name: /set/ }).click()
    await page.getByLabel('Second: set').getByText('12.5').first().waitFor()
    await settle(page)
    await picture(6)
    expect(open.complaints().filter((line) => !EXPECTED.test(line))).toEqual([])
  })
})
