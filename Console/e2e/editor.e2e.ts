import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { axe, type Console, goTo, openConsole, pictureFailure, screenshot, setScheme, signIn } from './browser.ts'
import { type DefinitionLike, EXPECTED, launch, LINE, type Made, set } from './editing.ts'
import { api } from './routes.ts'

describe('the editor', () => {
  let open: Console
  const made: string[] = []

  const workflow = async (definition: unknown, name = `Editor test ${made.length} ${Date.now()}`) => {
    const { id } = await api<Made>('POST', '/workflows', { name, definition, tags: ['console-editor'] })
    made.push(id)
    return id
  }
  const edit = async (id: string, page: Page = open.page) => {
    await goTo({ ...open, page }, `/workflows/${id}/edit`)
    await page.locator('.react-flow__node').first().waitFor()
    await page.getByRole('application', { name: 'Canvas of the workflow' }).waitFor()
  }
  const definition = async (page: Page = open.page): Promise<DefinitionLike> => {
    const drawer = page.getByRole('region', { name: 'Drawer' })
    const button = drawer.getByRole('button', { name: 'JSON', exact: true })
    if ((await button.getAttribute('aria-expanded')) === 'false') await button.click()
    const shown = page.getByLabel('JSON of the definition')
    await shown.waitFor()
    // CodeMirror draws what is seen only: its state has the whole.
    const text = await shown.evaluate((at) => {
      const view = (at as unknown as { cmTile?: { view?: { state: { doc: { toString: () => string } } } } }).cmTile
        ?.view
      return view ? view.state.doc.toString() : (at as HTMLElement).innerText
    })
    await button.click()
    return JSON.parse(text) as DefinitionLike
  }
  const search = () => open.page.getByRole('dialog').getByRole('combobox')
  const complaints = () => open.complaints().filter((line) => !EXPECTED.test(line))
  const node = (id: string, page: Page = open.page) => page.locator(`.react-flow__node[data-id="${id}"]`)

  beforeAll(async () => {
    open = await openConsole()
    await open.page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    open.page.setDefaultTimeout(10_000)
    for (const { id } of await api<Made[]>('GET', '/workflows?tag=console-editor&per_page=100'))
      await api('DELETE', `/workflows/${id}`)
    await signIn(open)
    open.complaints()
  })

  beforeEach((context) => pictureFailure(context, open.page))

  afterAll(async () => {
    await open?.stop()
    for (const id of made) await api('DELETE', `/workflows/${id}`)
  })

  it('is readable by all, in both schemes', async () => {
    const id = await workflow({
      ...LINE,
      nodes: [
        ...LINE.nodes,
        { id: 'each', type: 'forEach', parameters: { items: [1] }, body: { nodes: [set('in', 30, 2)], edges: [] } },
      ],
      edges: [...LINE.edges, { from: 'c', to: 'each' }],
    })
    await edit(id)
    await node('b').click()
    const found: string[] = []
    for (const scheme of ['light', 'dark'] as const) {
      await setScheme(open.page, scheme)
      await open.page.getByLabel('value', { exact: true }).first().waitFor()
      await screenshot(open.page, `editor-${scheme}`)
      found.push(...(await axe(open.page)).map((line) => `${scheme} ${line}`))
    }
    await open.page.getByRole('tab', { name: 'Settings' }).click()
    found.push(...(await axe(open.page)).map((line) => `settings ${line}`))
    await open.page.getByRole('tab', { name: 'Docs' }).click()
    await open.page.keyboard.press('Escape')
    await node('c').click()
    await open.page.keyboard.press('Tab')
    await open.page.getByRole('combobox', { name: 'Search node types' }).waitFor()
    found.push(...(await axe(open.page)).map((line) => `palette ${line}`))
    await screenshot(open.page, 'editor-palette-dark')
    await open.page.keyboard.press('Escape')
    await setScheme(open.page, 'light')
    expect(found).toEqual([])
    expect(complaints()).toEqual([])
  })

  it('adds and connects nodes by keyboard alone (check 4)', async () => {
    const { page } = open
    const id = await workflow(LINE)
    await edit(id)
    await node('a').focus()
    await page.keyboard.press('Control+f')
    await search().fill('"id":"c"')
    await page.keyboard.press('Enter')
    await search().waitFor({ state: 'detached' })
    await node('c').focus()
    await page.keyboard.press('Tab')
    await search().waitFor()
    await page.keyboard.type('http')
    await page.keyboard.press('Enter')
    await node('http').waitFor()
    await page.keyboard.press('Tab')
    await search().waitFor()
    await page.keyboard.type('noop')
    await page.keyboard.press('Enter')
    await node('noop').waitFor()
    await node('a').focus()
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('c')
    await search().waitFor()
    await page.keyboard.type('noop')
    await page.keyboard.press('Enter')
    await search().waitFor({ state: 'detached' })
    const { edges } = await definition()
    expect(edges).toEqual([
      { from: 'a', to: 'b' },
      { from: 'b', to: 'c' },
      { from: 'c', to: 'http' },
      { from: 'http', to: 'noop' },
      { from: 'b', to: 'noop' },
    ])
    expect(complaints()).toEqual([])
  })

  it('undoes moves, fields and a paste one gesture at a time, and does them again (check 5)', async () => {
    const { page } = open
    const id = await workflow(LINE)
    await edit(id)
    const states = [await definition()]
    await page.keyboard.press('Escape')
    await page.locator('.react-flow__pane').click({ position: { x: 30, y: 30 } })
    await page.keyboard.press('Control+a')
    const box = await node('b').boundingBox()
    if (!box) throw new Error('The node is not on the canvas.')
    await page.mouse.move(box.x + 60, box.y + 20)
    await page.mouse.down()
    await page.mouse.move(box.x + 90, box.y + 80, { steps: 6 })
    await page.mouse.up()
    states.push(await definition())
    await node('a').click()
    await page.getByRole('tab', { name: 'Settings' }).click()
    await page.getByRole('textbox', { name: 'Name' }).pressSequentially('First')
    await node('a').click()
    states.push(await definition())
    await page.locator('.react-flow__pane').click({ position: { x: 30, y: 30 } })
    await page.keyboard.press('Control+a')
    await page.keyboard.press('Control+c')
    await page.waitForTimeout(200)
    await page.keyboard.press('Control+v')
    await node('c-2').waitFor()
    states.push(await definition())
    const [start, moved, named, pasted] = states
    expect(moved?.nodes.every((one, at) => one.position?.y !== start?.nodes[at]?.position?.y)).toBe(true)
    expect(named?.nodes[0]?.name).toBe('First')
    expect(pasted?.nodes.find((one) => one.id === 'c-2')?.parameters).toEqual({
      value: '{{ steps.`b-2`.output + steps.`a-2`.output }}',
    })
    for (const state of [named, moved, start]) {
      await page.locator('[data-editor-canvas]').press('Control+z')
      expect(await definition()).toEqual(state)
    }
    for (const state of [moved, named, pasted]) {
      await page.locator('[data-editor-canvas]').press('Control+Shift+z')
      expect(await definition()).toEqual(state)
    }
    expect(complaints()).toEqual([])
  })

  it('lists a broken expression within a second or so, goes to it, and refuses to save it with the same words (check 9)', async () => {
    const { page } = open
    const id = await workflow(LINE)
    await edit(id)
    await node('b').click()
    const field = page.getByRole('textbox', { name: 'value' }).first()
    await field.click()
    await page.keyboard.press('Control+a')
    await page.keyboard.press('Delete')
    await page.keyboard.type('{{ steps.a.( }}')
    const problems = page.getByRole('button', { name: '1 problem' })
    await problems.waitFor({ timeout: 3000 })
    await problems.click()
    const line = page.getByRole('region', { name: 'Problems' }).getByRole('button')
    const message = (await line.locator('bdi').first().innerText()).trim()
    await node('a').click()
    await line.click()
    await expect
      .poll(() => page.evaluate(() => document.activeElement?.getAttribute('aria-label')), { timeout: 5000 })
      .toBe('value')
    await page.keyboard.press('Control+s')
    await page.getByRole('dialog').getByRole('button', { name: 'Save version' }).click()
    const refused = page.getByRole('dialog').getByText('DEFINITION_INVALID')
    await refused.waitFor()
    expect(await page.getByRole('dialog').innerText()).toContain(message)
    open.complaints()
  })

  it('keeps members that it does not know, and their order (check 10)', async () => {
    const { page } = open
    const id = await workflow(LINE)
    await edit(id)
    await node('a').click()
    await page.getByRole('tab', { name: 'JSON' }).click()
    const json = page.getByLabel('JSON of a')
    await json.click()
    await page.keyboard.press('Control+Home')
    await page.keyboard.press('End')
    await page.keyboard.type('"zeta": {"two": 2,"one": 1},')
    await page.getByRole('tab', { name: 'Settings' }).click()
    await page.getByRole('textbox', { name: 'Name' }).fill('Known')
    const first = (await definition()).nodes.find((one) => one.id === 'a')
    expect(Object.keys(first ?? {})[0]).toBe('zeta')
    expect(JSON.stringify(first?.zeta)).toBe('{"two":2,"one":1}')
    expect(first?.name).toBe('Known')
    expect(complaints()).toEqual([])
  })

  it('keeps changes when the browser is killed, and offers them with what changed (check 6)', async () => {
    const id = await workflow(LINE)
    const folder = join(tmpdir(), `workflows-editor-${process.pid}`)
    const running: (() => void)[] = []
    try {
      const first = await launch(folder)
      running.push(first.kill)
      const { page } = first
      await signIn({ ...open, page })
      await edit(id, page)
      await node('b', page).click()
      await page.getByRole('tab', { name: 'Settings' }).click()
      await page.getByRole('textbox', { name: 'Name' }).fill('Survives')
      await page.waitForTimeout(1000)
      first.kill()
      const second = await launch(folder)
      running.push(second.kill)
      const again = second.page
      await again.goto(open.address)
      // The session is in a cookie where the server keeps it there: else the person signs in again.
      const login = again.getByLabel('E-mail address')
      await login
        .or(again.getByRole('navigation', { name: 'Pages' }))
        .first()
        .waitFor()
      if (await login.isVisible()) await signIn({ ...open, page: again })
      await goTo({ ...open, page: again }, `/workflows/${id}/edit`)
      await again.getByRole('button', { name: 'Go on with these' }).first().waitFor()
      expect(await again.getByRole('list', { name: 'Changes' }).first().innerText()).toContain('Survives')
      await again.getByRole('button', { name: 'Go on with these' }).first().click()
      await node('b', again).waitFor()
      expect((await definition(again)).nodes[1]?.name).toBe('Survives')
    } finally {
      running.forEach((kill) => kill())
      await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 200 })
    }
  })

  it('puts two people’s versions together, and asks where both changed the same (checks 7, 8)', async () => {
    const { page } = open
    const id = await workflow(LINE)
    await edit(id)
    await node('a').click()
    await page.getByRole('tab', { name: 'Settings' }).click()
    await page.getByRole('textbox', { name: 'Name' }).fill('Mine')
    const theirs = structuredClone(LINE) as unknown as DefinitionLike
    Object.assign(theirs.nodes[0] ?? {}, { name: 'Theirs' })
    Object.assign(theirs.nodes[2] ?? {}, { name: 'Also theirs' })
    await api('PATCH', `/workflows/${id}`, { definition: theirs })
    await page.keyboard.press('Control+s')
    await page.getByRole('dialog').getByRole('button', { name: 'Save version' }).click()
    await page.getByText('Somebody else saved a version meanwhile').waitFor()
    const take = page.getByRole('button', { name: 'Take this over' })
    expect(await take.isDisabled()).toBe(true)
    await screenshot(page, 'editor-merge-light')
    await page.getByRole('dialog').getByText('Mine', { exact: true }).first().click()
    await take.click()
    await page.getByRole('dialog').getByRole('button', { name: 'Save version' }).click()
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    const saved = await api<{ definition: DefinitionLike }>('GET', `/workflows/${id}`)
    expect(saved.definition.nodes.map((one) => one.name)).toEqual(['Mine', undefined, 'Also theirs'])
    // The server's answer to a version that is not the newest any more is what the merge begins with.
    open.complaints()
  })

  it('tests without effects, completes from the data of the test, and pins (checks 11, 12)', async () => {
    const { page } = open
    const call = { id: 'call', type: 'http', parameters: { url: 'https://example.com/' }, position: { x: 0, y: 0 } }
    const sum = set('sum', 320, '{{ steps.call.output.status }}')
    const id = await workflow({ schema: 1, nodes: [call, sum], edges: [{ from: 'call', to: 'sum' }] })
    await edit(id)
    const test = async () => {
      await page.locator('.react-flow__pane').click({ position: { x: 30, y: 30 } })
      await page.keyboard.press('t')
      await page.getByRole('dialog').getByRole('button', { name: 'Test', exact: true }).click()
      await page.getByRole('button', { name: 'Test run: completed' }).waitFor({ timeout: 30_000 })
    }
    await test()
    await page.getByRole('region', { name: 'Test run' }).getByText('mocked').waitFor()
    await node('sum').click()
    await page.getByRole('tab', { name: 'Parameters' }).click()
    await page.getByRole('textbox', { name: 'value' }).first().click()
    await page.keyboard.press('Control+a')
    await page.keyboard.press('Delete')
    await page.keyboard.type('{{ steps.call.output.')
    await page.locator('.cm-tooltip-autocomplete li', { hasText: 'status' }).waitFor()
    await page.keyboard.type('status + 1')
    await page.getByText('= 201').waitFor()
    await page.keyboard.press('Escape')
    await node('call').click()
    await page.getByRole('tab', { name: 'Output' }).click()
    await page.getByRole('button', { name: 'Pin this output' }).click()
    await page.getByText('Pinned: tests take this').waitFor()
    await test()
    await page.getByRole('region', { name: 'Test run' }).getByText('pinned').waitFor()
    await page.getByLabel('Result of the test').getByText('201').waitFor()
    await screenshot(page, 'editor-test-light')
    expect(complaints()).toEqual([])
  })

  it('publishes with a comment, and says what changed before (check 13)', async () => {
    const { page } = open
    const id = await workflow(LINE)
    await edit(id)
    await node('a').click()
    await page.getByRole('tab', { name: 'Settings' }).click()
    await page.getByRole('textbox', { name: 'Name' }).fill('Published')
    await page.getByText(/no version yet/).waitFor()
    await page.waitForTimeout(900)
    await page.getByRole('button', { name: 'Publish', exact: true }).click()
    expect(await page.getByRole('list', { name: 'Changes' }).innerText()).toContain('Published')
    await page.getByRole('textbox', { name: 'Comment' }).fill('a better name')
    await page.getByRole('button', { name: 'Save and publish' }).click()
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    const versions = await api<{ comment: string; published: boolean }[]>('GET', `/workflows/${id}/versions`)
    expect(versions[0]).toMatchObject({ comment: 'a better name', published: true })
    expect(complaints()).toEqual([])
  })

  it('opens a thousand nodes, and finds one of them (check 21)', async () => {
    const { page } = open
    const count = 1000
    const nodes = Array.from({ length: count }, (_, at) => ({
      id: `n${at}`,
      type: 'set',
      name: `Node ${at}`,
      parameters: { value: at },
    }))
    const edges = nodes.slice(1).map((one, at) => ({ from: `n${Math.floor(at / 3)}`, to: one.id }))
    const id = await workflow({ schema: 1, nodes, edges })
    const before = Date.now()
    await edit(id)
    const opened = Date.now() - before
    await page.keyboard.press('Control+f')
    await search().fill('node 777')
    await page.keyboard.press('Enter')
    await node('n777').waitFor()
    await expect
      .poll(
        async () => {
          const box = await node('n777').boundingBox()
          return box !== null && box.x > 400 && box.x < 1300 && box.y > 90 && box.y < 800
        },
        { timeout: 8000 },
      )
      .toBe(true)
    await screenshot(page, 'editor-thousand')
    // Layout, two requests and the drawing are all in it.
    expect(opened).toBeLessThan(Number(process.env.CONSOLE_SLOW ?? 1) * 3000)
  })
})
