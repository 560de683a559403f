import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { another, axe, type Console, fillIn, goTo, openConsole, pictureFailure, settle, signIn } from './browser.ts'
import { api } from './routes.ts'
import { HOSTILE, seed } from './seed.ts'

interface Named {
  id: string
  name: string
}

describe('what people do', () => {
  let open: Console
  const dialogs: string[] = []

  beforeAll(async () => {
    await seed()
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

  it('a wrong password is refused in words, and a right one opens the page that was asked for', async () => {
    const theirs = await another(open)
    try {
      const { page, address } = theirs
      await page.goto(`${address}/executions?status=failed`)
      await page.getByLabel('E-mail address').fill('nobody@localhost')
      await page.getByRole('textbox', { name: 'Password' }).fill('no such password')
      await page.getByRole('button', { name: 'Sign in' }).click()
      await page.getByRole('alert').getByText('INVALID_CREDENTIALS').waitFor()
      expect(await axe(page)).toEqual([])
      await page.waitForTimeout(1500) // logins of one address may come once a second
      await fillIn(theirs)
      await page.getByRole('heading', { name: 'Runs' }).waitFor()
      expect(new URL(page.url()).search).toBe('?status=failed')
    } finally {
      await theirs.stop()
    }
  })

  it('Home shows what really ran, and no empty table (check 1)', async () => {
    const { page } = open
    await goTo(open, '/')
    await page.getByText(/[1-9][0-9]* ended/).waitFor()
    for (const title of ['Failed last', 'Changed last']) {
      const panel = page.locator('section', { has: page.getByRole('heading', { name: title }) })
      await panel.getByRole('listitem').first().waitFor()
    }
    expect(open.complaints()).toEqual([])
  })

  it('Ctrl+K leads to a workflow without the mouse (check 3)', async () => {
    const { page } = open
    await goTo(open, '/')
    await page.keyboard.press('Control+k')
    await page.getByPlaceholder('Search, or go to a page').fill('Order (sample)')
    await page.getByRole('button', { name: 'Order (sample)', exact: true }).first().waitFor()
    expect(await axe(page)).toEqual([])
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Order (sample)' }).waitFor()
    expect(page.url()).toMatch(/\/workflows\/[0-9a-f-]{36}/)
    expect(open.complaints()).toEqual([])
  })

  it('a filter is in the address, and back leads to the list without it', async () => {
    const { page } = open
    await goTo(open, '/executions')
    await page.getByLabel('Status', { exact: true }).selectOption('failed')
    await settle(page)
    expect(new URL(page.url()).searchParams.get('status')).toBe('failed')
    const statuses = await page.getByRole('table').getByRole('row').filter({ hasText: 'Completed' }).count()
    expect(statuses).toBe(0)
    await page.getByRole('button', { name: 'Clear filter' }).first().click()
    expect(new URL(page.url()).search).toBe('')
    expect(open.complaints()).toEqual([])
  })

  it('keys lead through the list and open a run', async () => {
    const { page } = open
    await goTo(open, '/executions')
    await page.keyboard.press('j')
    await page.keyboard.press('j')
    await page.keyboard.press('Enter')
    await page.waitForURL(/\/executions\/[0-9a-f-]{36}/)
    await page.getByRole('tab', { name: 'Timeline' }).waitFor()
    await page.keyboard.press('2')
    await page.waitForURL(/tab=timeline/)
    expect(open.complaints()).toEqual([])
  })

  it('hostile names and outputs are text on each page of theirs (check 29)', async () => {
    const { page } = open
    const [workflow] = (await api<Named[]>('GET', '/workflows?tag=console-tour')).filter((one) => one.name === HOSTILE)
    expect(workflow).toBeDefined()
    const [run] = await api<Named[]>('GET', `/executions?workflow=${workflow?.id}&per_page=1`)
    for (const path of [
      `/workflows/${workflow?.id}`,
      `/executions/${run?.id}?node=value`,
      `/executions/${run?.id}?tab=data`,
    ]) {
      await goTo(open, path)
      expect(await page.locator('main img:not(.cm-widgetBuffer)').count()).toBe(0)
      expect(await page.getByRole('heading', { level: 1 }).textContent()).toContain('<img src=x onerror=alert(1)>')
      expect(await page.getByRole('heading', { level: 1 }).textContent()).toContain('⟨U+202E⟩')
    }
    expect(dialogs).toEqual([])
    expect(open.complaints()).toEqual([])
  })

  it('an earlier version is restored as a new one, and the history stays (check 14)', async () => {
    const { page } = open
    const set = (value: number) => ({ schema: 1, nodes: [{ id: 'a', type: 'set', parameters: { value } }], edges: [] })
    const { id } = await api<Named>('POST', '/workflows', { name: `Restored ${Date.now()}`, definition: set(1) })
    try {
      await api('PATCH', `/workflows/${id}`, { definition: set(2) })
      await goTo(open, `/workflows/${id}?tab=versions`)
      await page.getByRole('row', { name: /^1 / }).getByRole('button', { name: 'Restore' }).click()
      await page.getByRole('dialog').getByLabel('Comment').fill('The first was right')
      await page.getByRole('dialog').getByRole('button', { name: 'Restore' }).click()
      await page.getByRole('row', { name: /^3 The first was right/ }).waitFor()
      const saved = await api<{ definition: unknown }>('GET', `/workflows/${id}`)
      expect(saved.definition).toMatchObject({ nodes: [{ parameters: { value: 1 } }] })
      const versions = await api<{ number: number }[]>('GET', `/workflows/${id}/versions`)
      expect(versions.map((one) => one.number)).toEqual([3, 2, 1])
      expect(open.complaints()).toEqual([])
    } finally {
      await goTo(open, '/')
      await api('DELETE', `/workflows/${id}`)
    }
  })

  it('a request is approved by its form, and the run goes on', async () => {
    const { page } = open
    await goTo(open, '/approvals')
    await page.keyboard.press('j')
    await page.waitForURL(/\/approvals\/[0-9a-f-]{36}/)
    const id = page.url().match(/approvals\/([0-9a-f-]{36})/)?.[1]
    await settle(page)
    await page.keyboard.press('a')
    await page.getByText('Limit is needed.').waitFor()
    await page.getByRole('textbox', { name: 'Limit' }).fill('500')
    await page.getByRole('textbox', { name: 'Comment', exact: true }).fill('Fine by me')
    await page.getByRole('button', { name: 'Approve' }).click()
    await expect.poll(async () => (await api<{ status: string }>('GET', `/approvals/${id}`)).status).toBe('approved')
    expect(open.complaints()).toEqual([])
  })

  it('a workflow is run from its page, and the run is shown', async () => {
    const { page } = open
    const [asks] = (await api<Named[]>('GET', '/workflows?tag=console-tour')).filter((one) =>
      one.name.startsWith('Asks'),
    )
    await goTo(open, `/workflows/${asks?.id}`)
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('textbox', { name: 'Correlation id' }).fill('by-hand')
    await settle(page)
    expect(await axe(page)).toEqual([])
    await dialog.getByRole('button', { name: 'Run', exact: true }).click()
    await page.waitForURL(/\/executions\/[0-9a-f-]{36}/)
    await page.getByText('Waiting').first().waitFor()
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.getByRole('dialog').getByLabel('Reason').fill('The tour is over')
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click()
    await page.getByText('Cancelled').first().waitFor()
    expect(open.complaints()).toEqual([])
  })
})
