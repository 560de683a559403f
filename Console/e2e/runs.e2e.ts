import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Console, goTo, openConsole, pictureFailure, settle, signIn } from './browser.ts'
import { suspendApi } from './platform.ts'
import { api } from './routes.ts'
import { ended, start, tidy, workflow } from './made.ts'

const TAG = 'console-runs'
const set = (id: string, value: unknown) => ({ id, type: 'set', parameters: { value } })
const SLOW = Number(process.env.CONSOLE_SLOW ?? 1)

describe('runs', () => {
  let open: Console

  beforeAll(async () => {
    await tidy(TAG)
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

  const waits = (seconds: number) => ({
    schema: 1,
    nodes: [
      set('first', 1),
      { id: 'pause', type: 'delay', parameters: { seconds } },
      { id: 'ask', type: 'delay', parameters: { seconds: 600 } },
    ],
    edges: [
      { from: 'first', to: 'pause' },
      { from: 'pause', to: 'ask' },
    ],
  })

  it('leads from the card of failures to the runs that it counts (check 2)', async () => {
    const { page } = open
    const fails = await workflow('Fails (check 2)', TAG, {
      schema: 1,
      nodes: [{ id: 'stop', type: 'fail', parameters: { code: 'CHECK_2', message: 'As meant' } }],
      edges: [],
    })
    await ended(await start(fails))
    await goTo(open, '/')
    const card = page.getByRole('link', { name: /Failed since yesterday/ })
    const counted = Number((await card.innerText()).match(/\d+/)?.[0])
    expect(counted).toBeGreaterThan(0)
    await card.click()
    await settle(page)
    const { searchParams } = new URL(page.url())
    expect(searchParams.get('status')).toBe('failed,timed_out')
    expect(searchParams.get('from')).toBe('yesterday')
    const rows = page.getByRole('table').getByRole('row')
    await expect.poll(async () => (await rows.count()) - 1).toBe(Math.min(counted, 50))
    expect(open.complaints()).toEqual([])
  })

  it('shows what becomes of nodes within a second, without a reload (check 15)', async () => {
    const { page } = open
    const id = await start(await workflow('Waits (check 15)', TAG, waits(6)))
    await goTo(open, `/executions/${id}`)
    const pause = page.locator('.react-flow__node[data-id="pause"]')
    await pause
      .getByText('Waiting')
      .or(page.getByLabel(/pause.*Waiting/))
      .first()
      .waitFor()
    await expect
      .poll(async () => (await api<{ nodeId: string }[]>('GET', `/executions/${id}/nodes`)).map((one) => one.nodeId), {
        timeout: 20_000,
        interval: 100,
      })
      .toContain('ask')
    const recorded = Date.now()
    await page.locator('.react-flow__node[data-id="ask"][aria-label*="Waiting"]').waitFor()
    expect(Date.now() - recorded).toBeLessThan(1000 * SLOW + 500)
    await api('POST', `/executions/${id}/cancel`, { reason: 'seen' })
    await page.getByText('Cancelled').first().waitFor()
    expect(open.complaints()).toEqual([])
  })

  it('says that live updates are off while the API stands still, and shows what is right after it (check 16)', async () => {
    const { page } = open
    const id = await start(await workflow('Waits (check 16)', TAG, waits(12)))
    await goTo(open, `/executions/${id}?node=first`)
    await page.getByRole('button', { name: 'Close the step' }).waitFor()
    const resume = suspendApi()
    try {
      await page.getByText('Live updates off').waitFor({ timeout: 20_000 })
    } finally {
      resume()
    }
    await page.locator('.react-flow__node[data-id="ask"][aria-label*="Waiting"]').waitFor({ timeout: 40_000 })
    await page.getByText('Live updates off').waitFor({ state: 'detached', timeout: 40_000 })
    expect(new URL(page.url()).search).toBe('?node=first')
    await page.getByRole('button', { name: 'Close the step' }).waitFor()
    await api('POST', `/executions/${id}/cancel`, { reason: 'seen' })
    open.complaints()
  })

  it('has the error of a failed run in the first screen, and n goes to the step (check 17)', async () => {
    const { page } = open
    const id = await start(
      await workflow('Fails (check 17)', TAG, {
        schema: 1,
        nodes: [
          set('first', 1),
          { id: 'stop', type: 'fail', parameters: { code: 'CHECK_17', message: 'The order has no lines.' } },
        ],
        edges: [{ from: 'first', to: 'stop' }],
      }),
    )
    await ended(id)
    await goTo(open, `/executions/${id}`)
    const told = page.getByText('The order has no lines.').first()
    await told.waitFor()
    expect((await told.boundingBox())?.y).toBeLessThan(500)
    await page.keyboard.press('n')
    await page.waitForURL(/node=stop/)
    await page.getByLabel('Error of stop').waitFor()
    expect(open.complaints()).toEqual([])
  })

  it('runs again from a step with another output, and lays both runs side by side (check 18)', async () => {
    const { page } = open
    const id = await start(
      await workflow('Repaired (check 18)', TAG, {
        schema: 1,
        nodes: [
          set('read', { lines: [] }),
          { id: 'check', type: 'if', parameters: { condition: '$count(steps.read.output.lines) > 0' } },
          { id: 'stop', type: 'fail', parameters: { code: 'CHECK_18', message: 'No lines' } },
          set('sum', '{{ $sum(steps.read.output.lines) }}'),
        ],
        edges: [
          { from: 'read', to: 'check' },
          { from: 'check', to: 'sum', port: 'true' },
          { from: 'check', to: 'stop', port: 'false' },
        ],
      }),
    )
    await ended(id)
    await goTo(open, `/executions/${id}?node=check`)
    await page.getByRole('button', { name: 'Run again' }).first().click()
    const dialog = page.getByRole('dialog')
    await dialog
      .getByRole('combobox', { name: 'Change the recorded output of' })
      .or(dialog.getByLabel('Change the recorded output of'))
      .first()
      .click()
    await page.getByRole('option', { name: 'read' }).click()
    await dialog.getByLabel('Outputs instead of those recorded').getByText('"lines"').click()
    await page.keyboard.press('Control+a')
    await page.keyboard.type('{"read": {"lines": [3, 4]}}')
    await dialog.getByRole('button', { name: 'Run again' }).click()
    await page.waitForURL(/\/compare\/[0-9a-f-]{36}/)
    const second = page.url().match(/compare\/([0-9a-f-]{36})/)?.[1] ?? ''
    await ended(second)
    await page.getByText('Second, a rerun of the first').waitFor()
    await page.getByRole('row', { name: /sum/ }).click()
    await page.getByLabel('Second: sum').getByText('7').first().waitFor()
    await goTo(open, `/executions/${second}`)
    await page.getByRole('link', { name: `${id.slice(0, 13)}…` }).waitFor()
    await goTo(open, `/executions/${id}?tab=lineage`)
    await page
      .getByRole('link', { name: new RegExp(second.slice(0, 8)) })
      .first()
      .waitFor()
    expect(open.complaints()).toEqual([])
  })

  it('finds each failed round among a hundred thousand (check 19)', async () => {
    const { page } = open
    const id = await start(await rounds())
    await ended(id, 240_000 * SLOW)
    const before = Date.now()
    await goTo(open, `/executions/${id}`)
    await page.locator('.react-flow__node[data-id="each"]').waitFor()
    expect(Date.now() - before).toBeLessThan(2000 * SLOW + 500)
    await page.keyboard.press('n')
    await page.waitForURL(/node=/)
    const next = page.getByRole('button', { name: 'Next failed of 3' })
    await page.getByText('"Round 4999"').waitFor()
    const found: string[] = []
    for (let at = 0; at < 2; at++) {
      await next.click()
      await expect.poll(() => new URL(page.url()).searchParams.get('iteration')).not.toBe(found.at(-1) ?? null)
      found.push(new URL(page.url()).searchParams.get('iteration') ?? '')
    }
    expect(found).toEqual(['50000', '99999'])
    expect(open.complaints()).toEqual([])
  }, 400_000)

  /** Runs of a workflow with 100,000 rounds are kept from one test run to the next: they take a minute to make. */
  async function rounds() {
    return workflow('Rounds (check 19)', TAG, {
      schema: 1,
      nodes: [
        {
          id: 'each',
          type: 'forEach',
          parameters: { items: '{{ [0..99999] }}', maxParallel: 100, onItemError: 'collect' },
          body: {
            nodes: [
              { id: 'look', type: 'if', parameters: { condition: 'item in [4999, 50000, 99999]' } },
              { id: 'bad', type: 'fail', parameters: { code: 'BAD_ROUND', message: 'Round {{ item }}' } },
            ],
            edges: [{ from: 'look', to: 'bad', port: 'true' }],
          },
        },
      ],
      edges: [],
    })
  }

  it('stays quick with an output of a megabyte, and copies the whole of it (check 20)', async () => {
    const { page } = open
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    const id = await start(
      await workflow('Large (check 20)', TAG, {
        schema: 1,
        nodes: [
          set('large', "{{ [1..12000].{'n': $, 'text': 'a line of some length to fill a megabyte with text ' & $} }}"),
        ],
        edges: [],
      }),
    )
    await ended(id)
    await goTo(open, `/executions/${id}?node=large`)
    await page.getByText(/^Shows .* of/).waitFor()
    const before = Date.now()
    await page.getByRole('button', { name: /^Load all/ }).click()
    const shown = page.getByLabel('Output of large')
    await page.getByRole('button', { name: 'Copy', exact: true }).first().waitFor()
    expect(Date.now() - before).toBeLessThan(1000 * SLOW + 1000)
    await shown.click()
    await page.keyboard.press('Control+f')
    await page.getByRole('textbox', { name: 'Find' }).pressSequentially('megabyte with text 8765')
    await page.keyboard.press('Enter')
    await shown.locator('.cm-searchMatch').first().waitFor()
    await page.getByRole('button', { name: 'Copy', exact: true }).first().click()
    const copied = JSON.parse(await page.evaluate(() => navigator.clipboard.readText())) as { n: number }[]
    expect(copied.length).toBe(12000)
    expect(copied.at(-1)?.n).toBe(12000)
    expect(open.complaints()).toEqual([])
  })

  it('retries all that match a filter, tells how many first, and can be stopped (check 22)', async () => {
    const { page } = open
    const id = await workflow('Fails (check 22)', TAG, {
      schema: 1,
      nodes: [{ id: 'stop', type: 'fail', parameters: { code: 'CHECK_22', message: 'As meant' } }],
      edges: [],
    })
    const runs = await Promise.all(Array.from({ length: 12 }, () => start(id)))
    for (const run of runs) await ended(run)
    await goTo(open, `/executions?status=failed&workflow=${id}`)
    await page.getByRole('checkbox').nth(1).check()
    await page.getByRole('button', { name: 'All that match' }).click()
    await page
      .getByRole('region', { name: 'What to do with the selected' })
      .getByRole('button', { name: 'Retry' })
      .click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('Retry: 12 runs that match the filter').waitFor()
    await dialog.getByRole('button', { name: 'Retry', exact: true }).click()
    await dialog.getByText(/12 runs changed/).waitFor()
    await dialog.getByRole('button', { name: 'Close', exact: true }).last().click()
    for (const run of runs) {
      await expect
        .poll(async () => (await api<{ attempt: number }>('GET', `/executions/${run}?steps=none`)).attempt)
        .toBe(2)
    }
    expect(open.complaints()).toEqual([])
  })
})
