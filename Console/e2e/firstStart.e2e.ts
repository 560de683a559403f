import { readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { axe, type Console, goTo, openConsole, SCREENSHOTS, setScheme, settle, signIn } from './browser.ts'
import { api } from './routes.ts'

interface Made {
  id: string
  version: number
  name?: string
}

const MARK = `first-${Date.now().toString(36)}`
const PASSWORD = 'correct horse battery'
/** Who has no working copy is answered with 404. */
const EXPECTED = /\/working-copy\b|status of 404/
const FOLDER = join(SCREENSHOTS, 'first-start')

const definition = (nodes: object[], edges: object[] = []) => ({ schema: 1, nodes, edges })
const set = (id: string, value: unknown) => ({ id, type: 'set', name: id, parameters: { value } })

/** A picture of the page in both schemes and on a phone; axe finds nothing in any of them. */
async function look(page: Page, name: string) {
  await mkdir(FOLDER, { recursive: true })
  const wide = page.viewportSize() ?? { width: 1360, height: 860 }
  for (const mode of ['light', 'dark', 'phone'] as const) {
    await setScheme(page, mode === 'dark' ? 'dark' : 'light')
    if (mode === 'phone') await page.setViewportSize({ width: 390, height: 844 })
    await page.waitForTimeout(400)
    await page.screenshot({ path: join(FOLDER, `${name}-${mode}.png`) })
    expect(await axe(page), `${name} ${mode}`).toEqual([])
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
    expect(overflow, `${name} ${mode} is wider than the window`).toBeLessThanOrEqual(0)
  }
  await page.setViewportSize(wide)
  await setScheme(page, 'light')
}

interface Run {
  api: string
  operatorEmail: string
  operatorPassword: string
}

/** Calls as a person: with the token of their own login. */
async function callerOf(email: string, password: string) {
  const file = process.env.CONSOLE_RUN_FILE ?? resolve(import.meta.dirname, '../../.local/run.json')
  const run = JSON.parse(readFileSync(file, 'utf8')) as Run
  let token = ''
  const call = async <T>(method: string, path: string, body: unknown = {}) => {
    const answer = await fetch(`${run.api}/api/v1${path}`, {
      method,
      headers: { 'Content-Type': 'application/json', ...(token ? { Authorization: `Bearer ${token}` } : {}) },
      body: JSON.stringify(body),
    })
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
    return ((await answer.json()) as { data: T }).data
  }
  const login = { email: email || run.operatorEmail, password: password || run.operatorPassword }
  token = (await call<{ accessToken: string }>('POST', '/auth/login', login)).accessToken
  return call
}

/** A tenant that nobody has worked in: what the first steps show depends on all that people made. */
async function newTenant() {
  const operator = await callerOf('', '')
  const ownerEmail = `${MARK}@example.com`
  const made = await operator<{ ownerPassword: string }>('POST', '/tenants', { slug: MARK, name: MARK, ownerEmail })
  return { email: ownerEmail, password: made.ownerPassword }
}

async function person(name: string, role: string, seesWorkflow?: string) {
  const email = `${MARK}-${name.toLowerCase().replaceAll(' ', '-')}@example.com`
  const { id } = await api<Made>('POST', '/users', { email, name, password: PASSWORD, roles: [role] })
  if (seesWorkflow) await api('PUT', `/workflows/${seesWorkflow}/permissions`, { userId: id, level: 'view' })
  const opened = await openConsole()
  await signIn(opened, email, PASSWORD)
  return opened
}

describe('the first start', () => {
  let open: Console
  const others: Console[] = []

  beforeAll(async () => {
    open = await openConsole()
    await signIn(open)
  })

  beforeEach(() => void open.complaints())

  afterAll(async () => {
    for (const one of others) await one.stop()
    await open?.stop()
  })

  it('a template is found by words, shown with its graph, and made', async () => {
    const { page } = open
    await goTo(open, '/workflows')
    await page.getByRole('button', { name: 'New workflow' }).click()
    await page.getByRole('tab', { name: 'From a template' }).waitFor()
    await page.getByLabel('Search templates').fill('compensation saga')
    await page.getByRole('button', { name: /Book several things or none/ }).click()
    await page.getByRole('region', { name: 'Graph of Book several things or none' }).waitFor()
    await page.getByText('PAYMENT_REFUSED').waitFor()
    expect(new URL(page.url()).searchParams.get('template')).toBe('order-saga')
    await settle(page)
    await look(page, 'template')
    await page.getByRole('dialog').getByLabel('Name', { exact: true }).fill(`${MARK} saga`)
    await page.getByRole('button', { name: 'Make it', exact: true }).click()
    await page.waitForURL(/\/workflows\/[0-9a-f-]{36}\/edit/)
    await page.getByRole('status').getByText('As in version 1').waitFor()
    expect(open.complaints().filter((one) => !EXPECTED.test(one))).toEqual([])
  })

  it('a template that lacks a connector becomes a working copy that names it', async () => {
    const { page } = open
    await goTo(open, '/workflows?new=template&template=onboarding')
    await page.getByText("There is no connector 'mail'").first().waitFor()
    await page.getByRole('dialog').getByLabel('Name', { exact: true }).fill(`${MARK} onboarding`)
    await page.waitForTimeout(500)
    await page.getByRole('button', { name: 'Make it nevertheless' }).click()
    await page.waitForURL(/\/workflows\/[0-9a-f-]{36}\/edit/)
    await page
      .getByRole('button', { name: /3 problems/ })
      .first()
      .waitFor()
    expect(new URL(page.url()).searchParams.get('copy')).toBeNull()
  })

  it('what is wrong with a file stands there before anything is made', async () => {
    const { page } = open
    await goTo(open, '/workflows?new=file')
    await page.getByLabel('Or paste it').fill('{"schema": 1, "nodes": [{"id": "a", "type": "no-such"}]}')
    await page.getByText('/nodes/0/type').waitFor()
    await look(page, 'file')
    expect(await page.getByRole('button', { name: 'Make it', exact: true }).getAttribute('aria-disabled')).toBe('true')
    await page.getByLabel('Or paste it').fill('{"schema": 1, "nodes": ')
    await page.getByText(/It is no JSON/).waitFor()
    const good = { ...definition([set('a', 1)]), name: `${MARK} from a file` }
    await page.getByLabel('Or paste it').fill(JSON.stringify(good))
    await page.getByText('It can be made as it is.').waitFor()
    await page.getByRole('button', { name: 'Make it', exact: true }).click()
    await page.waitForURL(/\/workflows\/[0-9a-f-]{36}\/edit/)
    expect(open.complaints().filter((one) => !EXPECTED.test(one))).toEqual([])
  })

  it('the first steps are ticked by what is there, by keyboard alone, and hidden for good', async () => {
    const { email, password } = await newTenant()
    const one = await openConsole()
    others.push(one)
    await signIn(one, email, password)
    const { page } = one
    await page.getByRole('heading', { name: 'Your first workflow: 0 of 5 done' }).waitFor()
    await settle(page)
    await look(page, 'home')
    await page.getByRole('link', { name: 'Choose how it starts' }).focus()
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: /Enrich events/ }).focus()
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Make it', exact: true }).focus()
    await page.keyboard.press('Enter')
    await page.waitForURL(/\/workflows\/[0-9a-f-]{36}\/edit/)
    const id = /workflows\/([0-9a-f-]{36})/.exec(page.url())?.[1] ?? ''
    await goTo(one, '/')
    await page.getByRole('heading', { name: 'Your first workflow: 2 of 5 done' }).waitFor()
    await look(page, 'home-begun')
    expect(await page.getByRole('listitem').filter({ hasText: 'Test it, to do' }).getAttribute('aria-current')).toBe(
      'step',
    )
    await page.getByText(`/api/v1/workflows/${id}/execute`).waitFor()
    const call = await callerOf(email, password)
    const input = { id: 'A-1', customer: 'ada' }
    await call('POST', `/workflows/${id}/test`, { input })
    await page.getByRole('heading', { name: 'Your first workflow: 3 of 5 done' }).waitFor()
    await call('POST', `/workflows/${id}/publish`)
    await page.getByRole('heading', { name: 'Your first workflow: 4 of 5 done' }).waitFor()
    await call('POST', `/workflows/${id}/execute`, { input })
    await page.getByRole('heading', { name: 'Your first workflow: 5 of 5 done' }).waitFor()
    await page.getByRole('link', { name: 'See the run' }).waitFor()
    const close = page.getByRole('button', { name: 'Close' })
    await close.focus()
    await page.keyboard.press('Enter')
    await close.waitFor({ state: 'detached' })
    await page.reload()
    await page.getByRole('heading', { name: 'Home' }).waitFor()
    await settle(page)
    expect(await page.getByRole('heading', { name: /Your first workflow/ }).count()).toBe(0)
  })

  it('two versions are one graph, in which changes bear words', async () => {
    const { page } = open
    const made = await api<Made>('POST', '/workflows', {
      name: `${MARK} versions`,
      definition: definition(
        [set('first', 1), set('middle', 1), set('old', 1)],
        [
          { from: 'first', to: 'middle' },
          { from: 'middle', to: 'old' },
        ],
      ),
    })
    await api('PATCH', `/workflows/${made.id}`, {
      definition: definition(
        [set('first', 1), set('middle', 2), set('new', 1)],
        [
          { from: 'first', to: 'middle' },
          { from: 'middle', to: 'new' },
        ],
      ),
    })
    await goTo(open, `/workflows/${made.id}?tab=versions`)
    const graph = page.getByRole('region', { name: 'What changed from version 1 to 2' })
    await graph.scrollIntoViewIfNeeded()
    for (const name of ['new, set, added', 'middle, set, changed', 'old, set, removed']) {
      await graph.getByLabel(name, { exact: true }).waitFor()
    }
    await look(page, 'compare')
    expect(open.complaints().filter((one) => !EXPECTED.test(one))).toEqual([])
  })

  it('who may not edit reads why, who holds it is named, and who is here is seen', async () => {
    const made = await api<Made>('POST', '/workflows', {
      name: `${MARK} together`,
      definition: definition([set('only', 1)]),
    })
    const path = `/workflows/${made.id}/edit`
    const [viewer, editor] = [await person('Vera View', 'viewer'), await person('Edgar Edit', 'editor')]
    others.push(viewer, editor)
    await goTo(viewer, path)
    await viewer.page.getByText('Read only: you need the permission workflows.write.').waitFor()
    const guest = await person('Gus Guest', 'member', made.id)
    others.push(guest)
    await goTo(guest, path)
    await guest.page.getByText(/Read only: it was shared with you to look at/).waitFor()
    expect(await guest.page.getByRole('button', { name: /^Add a node/ }).count()).toBe(0)
    await goTo(editor, path)
    await editor.page.getByRole('button', { name: 'More acts' }).click()
    await editor.page.getByRole('menuitem', { name: 'Check out' }).click()
    await editor.page.getByText('Checked out by you').waitFor()
    await goTo(open, path)
    const { page } = open
    await page.getByText('Read only: Edgar Edit has it checked out.').waitFor()
    await page.getByRole('list', { name: 'Also here' }).getByText('Edgar Edit').waitFor()
    await page.getByRole('list', { name: 'Also here' }).getByText('Vera View').waitFor()
    await look(page, 'held')
    const take = viewer.page.getByRole('button', { name: 'Take over' })
    await take.waitFor()
    expect(await take.getAttribute('aria-disabled')).toBe('true')
    await page.getByRole('button', { name: 'Take over' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Take over' }).click()
    await page.getByText('Checked out by you').waitFor()
    await editor.page.getByText(/Read only: .* has it checked out\./).waitFor()
    await page.getByRole('button', { name: 'More acts' }).click()
    await page.getByRole('menuitem', { name: 'Check in' }).click()
    await page.getByText('Checked out by you').waitFor({ state: 'detached' })
    await editor.page.getByText('As in version 1').waitFor()
    expect(open.complaints().filter((one) => !EXPECTED.test(one))).toEqual([])
  })

  it('columns are chosen, remembered, and part of a view', async () => {
    const { page } = open
    await goTo(open, '/workflows?name=first')
    await page.getByRole('columnheader', { name: 'Environment' }).waitFor()
    await page.getByRole('button', { name: 'Columns' }).click()
    await page.getByRole('menuitemcheckbox', { name: 'State' }).waitFor()
    await page.waitForTimeout(300)
    const focused = () => page.evaluate(() => document.activeElement?.textContent)
    for (let at = 0; at < 5 && (await focused()) !== 'Environment'; at++) await page.keyboard.press('ArrowDown')
    expect(await focused()).toBe('Environment')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Escape')
    await page.getByRole('columnheader', { name: 'Environment' }).waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Views' }).click()
    await page.getByRole('menuitem', { name: 'Keep this filter…' }).click()
    await page.getByRole('dialog').getByLabel('Name').fill(MARK)
    await page.getByRole('dialog').getByRole('button', { name: 'Keep' }).click()
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await page.reload()
    await settle(page)
    expect(await page.getByRole('columnheader', { name: 'Environment' }).count()).toBe(0)
    await page.getByRole('button', { name: /^Columns/ }).click()
    await look(page, 'columns')
    await page.getByRole('menuitem', { name: 'Show all' }).click()
    await page.keyboard.press('Escape')
    await page.getByRole('columnheader', { name: 'Environment' }).waitFor()
    await goTo(open, '/workflows')
    await page.getByRole('button', { name: 'Views' }).click()
    await page.getByRole('menuitem', { name: MARK, exact: true }).click()
    await page.waitForURL(/name=first/)
    await page.getByRole('columnheader', { name: 'Environment' }).waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Views' }).click()
    await page.getByRole('menuitem', { name: `Forget ${MARK}` }).click()
    expect(open.complaints().filter((one) => !EXPECTED.test(one))).toEqual([])
  })
})
