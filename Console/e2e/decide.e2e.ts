import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { another, type Console, goTo, openConsole, pictureFailure, screenshot, settle, signIn } from './browser.ts'
import { ended, person, type Person, start, tidy, workflow } from './made.ts'
import { api } from './routes.ts'

const TAG = 'console-decide'

interface Named {
  id: string
  name: string
}

describe('what is decided, and what begins by itself', () => {
  let open: Console
  let approver: Person
  let asks: string

  beforeAll(async () => {
    await tidy(TAG)
    approver = await person('approver', 'viewer')
    asks = await workflow('Asks (checks 24, 25)', TAG, {
      schema: 1,
      nodes: [
        {
          id: 'ask',
          type: 'approval',
          parameters: {
            title: 'Refund {{ input.amount }}',
            users: [approver.email],
            data: { amount: '{{ input.amount }}' },
          },
        },
        { id: 'pay', type: 'set', parameters: { value: 'paid' } },
        { id: 'refuse', type: 'set', parameters: { value: 'refused' } },
      ],
      edges: [
        { from: 'ask', to: 'pay', port: 'approved' },
        { from: 'ask', to: 'refuse', port: 'rejected' },
      ],
    })
    open = await openConsole()
    open.page.setDefaultTimeout(15_000)
    await signIn(open)
  })

  beforeEach((context) => {
    open.complaints()
    pictureFailure(context, open.page)
  })

  afterAll(async () => {
    await open?.stop()
    await tidy(TAG)
  })

  const asked = async (amount: number) => {
    const run = await start(asks, { amount })
    await expect.poll(async () => (await api<unknown[]>('GET', `/approvals?scope=all&execution=${run}`)).length).toBe(1)
    return run
  }

  it('approves and rejects by keyboard, opens the next, and keeps who said what (check 24)', async () => {
    const runs = [await asked(1), await asked(2)]
    const theirs = await another(open)
    try {
      const { page } = theirs
      await signIn(theirs, approver.email, approver.password)
      await goTo(theirs, '/approvals')
      await page.keyboard.press('j')
      await page.getByRole('heading', { name: 'Refund 2' }).waitFor()
      await page.keyboard.press('a')
      await page.getByRole('heading', { name: 'Refund 1' }).waitFor()
      await page.getByRole('textbox', { name: 'Comment', exact: true }).fill('Not this one')
      await page.getByRole('textbox', { name: 'Comment', exact: true }).blur()
      await page.keyboard.press('r')
      await expect.poll(() => new URL(page.url()).pathname).toBe('/approvals')
      expect(theirs.complaints()).toEqual([])
    } finally {
      await theirs.stop()
    }
    const outputs = await Promise.all(
      runs.map(async (run) => {
        expect(await ended(run)).toBe('completed')
        return (await api<{ nodeId: string }[]>('GET', `/executions/${run}/nodes`)).map((one) => one.nodeId)
      }),
    )
    expect(outputs[0]).toContain('refuse')
    expect(outputs[1]).toContain('pay')
    await goTo(open, '/approvals?scope=all&state=decided')
    const [first] = await api<Named[]>('GET', `/approvals?scope=all&execution=${runs[0]}`)
    await goTo(open, `/approvals/${first?.id}?scope=all`)
    await open.page.getByText('Not this one').waitFor()
    await open.page.getByText(/Rejected by approver/).waitFor()
    await goTo(open, '/activity')
    await open.page
      .getByText(/approval/i)
      .first()
      .waitFor()
    expect(open.complaints()).toEqual([])
  })

  it('is decided in the graph of the run, and the run is seen to go on (check 25)', async () => {
    const run = await asked(3)
    const theirs = await another(open)
    try {
      const { page } = theirs
      const other = await person('looker', 'viewer')
      await signIn(theirs, other.email, other.password)
      await goTo(theirs, `/executions/${run}?node=ask`)
      await page.getByRole('button', { name: 'Approve', exact: true }).click()
      await page.getByRole('alert').getByText('APPROVAL_NOT_YOURS').waitFor()
    } finally {
      await theirs.stop()
    }
    const mine = await another(open)
    try {
      const { page } = mine
      await signIn(mine, approver.email, approver.password)
      await goTo(mine, `/executions/${run}`)
      await page.locator('.react-flow__node[data-id="ask"]').click()
      await page.getByRole('heading', { name: 'Refund 3' }).waitFor()
      await page.getByText(/user: approver/).waitFor()
      await screenshot(page, 'run-asked')
      mine.complaints()
      await page.getByRole('button', { name: 'Approve', exact: true }).click()
      await page.locator('.react-flow__node[data-id="pay"][aria-label*="Completed"]').waitFor()
      expect(await ended(run)).toBe('completed')
      expect(mine.complaints()).toEqual([])
    } finally {
      await mine.stop()
    }
  })

  it('says of an event that matched nothing why, with the values that were read (check 26)', async () => {
    const { page } = open
    const rule = await api<Named>('POST', '/rules', {
      name: `Large (check 26) ${Date.now()}`,
      eventType: 'check26.order',
      condition: 'event.data.total > 1000',
      actions: [{ type: 'emitEvent', eventType: 'check26.large', data: {} }],
    })
    try {
      const sent = {
        specversion: '1.0',
        id: crypto.randomUUID(),
        source: '/check',
        type: 'check26.order',
        data: { total: 5 },
      }
      await api('POST', '/events', sent)
      const [event] = await api<Named[]>('GET', '/events?type=check26.order&per_page=1')
      await goTo(open, `/events/${event?.id}`)
      const line = page.getByRole('listitem').filter({ hasText: rule.name.slice(0, 16) })
      await line.getByText(/CONDITION/).waitFor()
      expect(await line.innerText()).toMatch(/total.*5/s)
      expect(open.complaints()).toEqual([])
    } finally {
      await api('DELETE', `/rules/${rule.id}`)
    }
  })

  it('shows the starts of a schedule in both zones, and that the clock changes between (check 27)', async () => {
    const { page } = open
    await goTo(open, '/schedules')
    await page.getByRole('button', { name: 'New schedule' }).first().click()
    const drawer = page.getByRole('dialog')
    await drawer.getByRole('textbox', { name: 'Cron' }).fill('30 2 28 * *')
    await drawer.getByRole('combobox', { name: 'Time zone' }).fill('Europe/Berlin')
    await page.getByRole('option', { name: 'Europe/Berlin' }).click()
    const preview = drawer.locator('section')
    await preview.getByText(/The clock changes in between/).waitFor()
    const lines = await preview.getByRole('listitem').allInnerTexts()
    expect(lines.join('; ')).toMatch(/2027-02-28 02:30 [^;]*28 Feb 2027, 01:30 UTC/)
    expect(lines.join('; ')).toMatch(/2027-04-28 02:30 [^;]*28 Apr 2027, 00:30 UTC/)
    expect(lines.join('; ')).not.toMatch(/2027-03-28 02:30/)
    await page.keyboard.press('Escape')
    expect(open.complaints()).toEqual([])
  })

  it('keeps a filter for everybody, and another person finds it (check 23)', async () => {
    const { page } = open
    const name = `Failed lately ${Date.now()}`
    await goTo(open, '/executions?status=failed&from=yesterday')
    await page.getByRole('button', { name: 'Views' }).click()
    await page.getByRole('menuitem', { name: 'Keep this filter…' }).click()
    await page.getByRole('dialog').getByLabel('Name').fill(name)
    await page.getByRole('dialog').getByRole('switch', { name: 'For everybody' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Keep' }).click()
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    const theirs = await another(open)
    try {
      const viewer = await person('viewer', 'viewer')
      await signIn(theirs, viewer.email, viewer.password)
      await goTo(theirs, '/executions')
      await theirs.page.getByRole('button', { name: 'Views' }).click()
      await theirs.page.getByRole('menuitem', { name: new RegExp(name) }).click()
      await settle(theirs.page)
      const { searchParams } = new URL(theirs.page.url())
      expect(searchParams.get('status')).toBe('failed')
      expect(searchParams.get('from')).toBe('yesterday')
      expect(theirs.complaints()).toEqual([])
    } finally {
      await theirs.stop()
      await page.getByRole('button', { name: 'Views' }).click()
      await page.getByRole('menuitem', { name: `Forget ${name}` }).click()
    }
    expect(open.complaints()).toEqual([])
  })
})
