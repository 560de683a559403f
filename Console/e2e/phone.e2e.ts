import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { axe, type Console, goTo, openConsole, pictureFailure, screenshot, settle, signIn } from './browser.ts'
import { ended, person, start, tidy, workflow } from './made.ts'

const TAG = 'console-phone'
const PHONE = { width: 390, height: 844 }

describe('on a phone', () => {
  let open: Console
  let asks: string

  beforeAll(async () => {
    await tidy(TAG)
    const approver = await person('phone', 'viewer')
    asks = await workflow('Asks (phone)', TAG, {
      schema: 1,
      nodes: [
        { id: 'ask', type: 'approval', parameters: { title: 'Refund {{ input.amount }}', users: [approver.email] } },
      ],
      edges: [],
    })
    open = await openConsole()
    open.page.setDefaultTimeout(15_000)
    await open.page.setViewportSize(PHONE)
    await signIn(open, approver.email, approver.password)
    open.complaints()
  })

  afterAll(async () => {
    await open?.stop()
    await tidy(TAG)
  })

  it('can be installed', async (context) => {
    pictureFailure(context, open.page)
    const devtools = await open.page.context().newCDPSession(open.page)
    const { errors } = await devtools.send('Page.getAppManifest')
    expect(errors).toEqual([])
    const found = await devtools.send('Page.getInstallabilityErrors')
    // A window of the tests is a private one, which nothing is installed from.
    expect(found.installabilityErrors.map((one) => one.errorId).filter((id) => id !== 'in-incognito')).toEqual([])
  })

  it('decides in two taps: the request, and the decision', async (context) => {
    pictureFailure(context, open.page)
    const { page } = open
    const run = await start(asks, { amount: 42 })
    await goTo(open, '/approvals')
    const request = page.getByRole('button', { name: /Refund 42/ })
    await expect.poll(() => request.count(), { timeout: 30_000 }).toBe(1)
    expect(await axe(page)).toEqual([])
    await screenshot(page, 'approvals-inbox-phone')
    await request.click()
    const approve = page.getByRole('button', { name: 'Approve', exact: true })
    await approve.waitFor()
    await settle(page)
    const box = await approve.boundingBox()
    expect(box?.y).toBeLessThan(PHONE.height) // within sight, without scrolling
    expect(box?.height).toBeGreaterThanOrEqual(24)
    await screenshot(page, 'approval-decide-phone')
    await approve.click()
    expect(await ended(run)).toBe('completed')
    expect(open.complaints()).toEqual([])
  })
})
