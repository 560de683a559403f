import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { arrange } from './arrange'
import { clipText, readClip } from './clipboard'
import { type Definition, isSame, type NodeDef, nodesOf, whyNotDrawn } from './definition'
import { merge } from './merge'
import { type NodeType, portsOf } from './nodeTypes'
import { addNode, clipOf, connect, insertInto, move, paste, removeNodes, renameId, whyNotConnected } from './operations'
import { outlineOf, stepsBefore } from './outline'
import { layoutTask, placesOf } from './places'
import { locateProblem } from './problems'
import { partsOf, renameInExpression, renameInTemplate } from './references'
import { createEditor, UNDO_DEPTH } from './store'

const port = (name: string) => ({ name, summary: '' })
const type = (name: string, ports: string[], more: Partial<NodeType> = {}): [string, NodeType] => [
  name,
  {
    name,
    category: '',
    effect: 'pure',
    summary: '',
    output: '',
    body: false,
    ports: ports.map(port),
    parameters: [],
    ...more,
  },
]
const expression = (name: string) =>
  ({ name, kind: 'expression', required: true, templated: false, secret: false, summary: '' }) as const
const types = new Map([
  type('if', ['true', 'false', 'error'], { parameters: [expression('condition')] }),
  type('switch', ['default', 'error'], {
    portsOfParameters: 'each case',
    parameters: [{ ...expression('cases'), kind: 'list', fields: [expression('when')] }],
  }),
  type('set', ['main', 'error']),
  type('forEach', ['main', 'error'], { body: true }),
])

const SAMPLES = resolve(import.meta.dirname, '../../../../../../eng/sample/definitions')
const samples = readdirSync(SAMPLES)
  .filter((name) => name.endsWith('.json'))
  .map((name) => [name, readFileSync(join(SAMPLES, name), 'utf8')] as const)

const chain = (): Definition => ({
  schema: 1,
  nodes: [
    { id: 'a', type: 'set', parameters: { value: 1 }, position: { x: 0, y: 0 } },
    { id: 'b', type: 'set', parameters: { value: '{{ steps.a.output }}' }, position: { x: 300, y: 0 } },
  ],
  edges: [{ from: 'a', to: 'b' }],
})

describe('a definition on the canvas', () => {
  it.each(samples)('loses nothing of the sample %s, whatever is laid out, moved and undone', (_, text) => {
    const editor = createEditor(JSON.parse(text) as Definition)
    const start = JSON.stringify(editor.getState().definition)
    expect(whyNotDrawn(JSON.parse(text))).toBeNull()
    const { definition, change, undo } = editor.getState()
    const places = arrange(layoutTask(definition, types))
    expect(Object.keys(places).toSorted()).toEqual([...nodesOf(definition).keys()].toSorted())
    change('Tidy up', (draft) => move(draft, places))
    expect(outlineOf(editor.getState().definition)).toHaveLength(nodesOf(definition).size)
    const moved = JSON.parse(JSON.stringify(editor.getState().definition)) as Definition
    for (const { node } of nodesOf(moved).values()) delete node.position
    expect(isSame(moved, JSON.parse(text))).toBe(true)
    undo()
    expect(JSON.stringify(editor.getState().definition)).toBe(start)
  })

  it('has the sample definitions to read', () => expect(samples.length).toBeGreaterThanOrEqual(6))

  it('keeps members that it does not know, and the order of all', () => {
    const text =
      '{"zeta":1,"nodes":[{"note":{"b":1,"a":2},"type":"set","id":"x","parameters":{"q":1,"value":2}}],"schema":1}'
    const editor = createEditor(JSON.parse(text) as Definition)
    editor
      .getState()
      .change('', (draft) => void addNode(draft, { type: 'set', parent: null, position: { x: 1, y: 2 } }))
    editor.getState().change('', (draft) => removeNodes(draft, ['set']))
    expect(JSON.stringify(editor.getState().definition)).toBe(text)
  })

  it('says why JSON cannot be drawn', () => {
    expect(whyNotDrawn([])).toMatch(/object/)
    expect(
      whyNotDrawn({
        nodes: [
          { id: 'a', type: 'x' },
          { id: 'a', type: 'x' },
        ],
      }),
    ).toMatch(/two nodes/)
    expect(whyNotDrawn({ nodes: {} })).toBe('/nodes is no list.')
  })

  it('draws a loop around its body, and each node once', () => {
    const body = {
      nodes: [
        { id: 'in', type: 'set' },
        { id: 'in2', type: 'set' },
      ],
      edges: [{ from: 'in', to: 'in2' }],
    }
    const definition: Definition = { nodes: [{ id: 'each', type: 'forEach', body }] }
    const places = placesOf(definition, types, arrange(layoutTask(definition, types)), new Set())
    expect(places.each?.width).toBeGreaterThan((places.in2?.x ?? 0) + (places.in2?.width ?? 0))
  })

  it('puts branches that meet again in the order of their ports', () => {
    const ids = ['when', 'no', 'yes', 'end']
    const node = (id: string) => ({ id, type: id === 'when' ? 'if' : 'set' })
    const definition: Definition = {
      nodes: ids.map(node),
      edges: [
        { from: 'when', port: 'false', to: 'no' },
        { from: 'when', port: 'true', to: 'yes' },
        { from: 'no', to: 'end' },
        { from: 'yes', to: 'end' },
      ],
    }
    const places = arrange(layoutTask(definition, types))
    expect(places.yes?.y).toBeLessThan(places.no?.y ?? 0)
    expect(places.yes?.x).toBeLessThan(places.end?.x ?? 0)
  })

  it('takes the ports of a switch from its cases', () => {
    const node: NodeDef = { id: 's', type: 'switch', parameters: { cases: [{ port: 'big' }, { port: 'big' }, {}] } }
    expect(portsOf(node, types)).toEqual(['big', 'default', 'error'])
  })
})

describe('undo', () => {
  it('takes one gesture back at a time, to the start and forward again', () => {
    const editor = createEditor(chain())
    const states = [JSON.stringify(editor.getState().definition)]
    const keep = () => states.push(JSON.stringify(editor.getState().definition))
    editor.getState().change('Move', (draft) => move(draft, { a: { x: 5, y: 5 } }))
    keep()
    for (const value of ['h', 'he', 'hey']) {
      editor
        .getState()
        .change('Edit', (draft) => void Object.assign(draft.nodes?.[0] ?? {}, { parameters: { value } }), 'a/value')
    }
    keep()
    editor
      .getState()
      .change('Paste', (draft) => paste(draft, clipOf(chain(), ['a', 'b'], {}), null, { x: 9, y: 9 }, types))
    keep()
    expect(editor.getState().chosen).toEqual(['a-2', 'b-2'])
    for (const state of states.slice(0, -1).toReversed()) {
      editor.getState().undo()
      expect(JSON.stringify(editor.getState().definition)).toBe(state)
    }
    for (const state of states.slice(1)) {
      editor.getState().redo()
      expect(JSON.stringify(editor.getState().definition)).toBe(state)
    }
  })

  it('keeps two sessions in one field apart, and hundreds of gestures', () => {
    const editor = createEditor(chain())
    const type = (name: string) => editor.getState().change('Rename', (draft) => void (draft.name = name), 'name')
    type('x')
    editor.getState().endGesture()
    type('xy')
    expect(editor.getState().past).toHaveLength(2)
    for (let at = 0; at < UNDO_DEPTH + 10; at++) editor.getState().change('n', (draft) => void (draft.name = `n${at}`))
    expect(editor.getState().past).toHaveLength(UNDO_DEPTH)
    expect(UNDO_DEPTH).toBeGreaterThanOrEqual(200)
  })
})

describe('references', () => {
  const names = new Map([
    ['a', 'a-2'],
    ['b-1', 'c'],
  ])
  it.each([
    ['steps.a.output + steps.ab.output', 'steps.`a-2`.output + steps.ab.output'],
    ['"steps.a.output" & steps.`b-1`.output', '"steps.a.output" & steps.c.output'],
    ['event.steps.a', 'event.steps.a'],
    [
      '/* steps.a */ $contains(x, /steps.a"/) and steps . a',
      '/* steps.a */ $contains(x, /steps.a"/) and steps . `a-2`',
    ],
    ['steps.a.n / 2 & "/" & steps.a.m', 'steps.`a-2`.n / 2 & "/" & steps.`a-2`.m'],
  ])('%s', (before, after) => expect(renameInExpression(before, names)).toBe(after))

  it('are changed in braces only, also after an object', () => {
    const template = 'steps.a {{ {"x": {"y": steps.a.output}} }} and {{ steps.a.port }}'
    expect(renameInTemplate({ list: [template] }, names)).toEqual({
      list: ['steps.a {{ {"x": {"y": steps.`a-2`.output}} }} and {{ steps.`a-2`.port }}'],
    })
    expect(
      partsOf(template)
        .map((part) => part.text)
        .join(''),
    ).toBe(template)
  })

  it('follow a paste within what was pasted, and not beyond', () => {
    const draft = chain()
    draft.nodes?.push({ id: 'c', type: 'if', parameters: { condition: 'steps.b.output > steps.a.output' } })
    paste(draft, clipOf(draft, ['b', 'c'], {}), null, { x: 0, y: 300 }, types)
    const nodes = nodesOf(draft)
    expect(nodes.get('c-2')?.node.parameters).toEqual({ condition: 'steps.`b-2`.output > steps.a.output' })
    expect(nodes.get('b-2')?.node.parameters).toEqual({ value: '{{ steps.a.output }}' })
    expect(nodes.get('b')?.node.parameters).toEqual({ value: '{{ steps.a.output }}' })
  })

  it('follow a rename everywhere: parameters, edges, compensation, output and bodies', () => {
    const draft: Definition = {
      ...chain(),
      output: '{{ steps.a.output }}',
    }
    draft.nodes?.push({
      id: 'each',
      type: 'forEach',
      compensate: 'a',
      body: { nodes: [{ id: 'in', type: 'switch', parameters: { cases: [{ port: 'p', when: 'steps.a.output' }] } }] },
    })
    renameId(draft, 'a', 'first', types)
    expect(JSON.stringify(draft)).not.toMatch(/steps\.a\b|"a"/)
    expect(draft.output).toBe('{{ steps.first.output }}')
  })

  it('survive the clipboard, and other JSON is nothing to paste', () => {
    const clip = clipOf(chain(), ['a', 'b'], { a: { x: 3, y: 4 } })
    expect(readClip(clipText(clip))).toEqual(clip)
    expect(clip.edges).toHaveLength(1)
    expect(readClip('{"nodes":[{"id":"x","type":"set"}]}')).toBeNull()
    expect(readClip('hello')).toBeNull()
  })
})

describe('edges', () => {
  it('make no circle and are there once', () => {
    const definition = chain()
    expect(whyNotConnected(definition, 'b', 'main', 'a')).toMatch(/circle/)
    expect(whyNotConnected(definition, 'a', 'main', 'b')).toMatch(/already/)
    expect(whyNotConnected(definition, 'a', 'error', 'b')).toBeNull()
  })

  it('take a node in', () => {
    const draft = chain()
    const id = addNode(draft, { type: 'set', parent: null, position: { x: 1, y: 1 } })
    insertInto(draft, { from: 'a', to: 'b' }, id, 'main')
    expect(draft.edges).toEqual([
      { from: 'a', to: id },
      { from: id, to: 'b' },
    ])
    connect(draft, 'a', 'error', 'b')
    removeNodes(draft, [id])
    expect(draft.edges).toEqual([{ from: 'a', port: 'error', to: 'b' }])
  })

  it('say which steps a node may read', () => {
    const definition = chain()
    definition.nodes?.push({ id: 'each', type: 'forEach', body: { nodes: [{ id: 'in', type: 'set' }] } })
    definition.edges?.push({ from: 'b', to: 'each' })
    expect(stepsBefore(definition, 'in').toSorted()).toEqual(['a', 'b'])
    expect(stepsBefore(definition, 'a')).toEqual([])
  })
})

describe('problems', () => {
  it('are found at their node, member and edge', () => {
    const definition: Definition = {
      nodes: [
        { id: 'each', type: 'forEach', body: { nodes: [{ id: 'in', type: 'if' }], edges: [{ from: 'in', to: 'x' }] } },
      ],
    }
    const at = (pointer: string) => locateProblem(definition, { pointer, code: '', message: '', hint: '' })
    expect(at('/nodes/0/body/nodes/0/parameters/a~1b')).toMatchObject({ node: 'in', field: '/parameters/a/b' })
    expect(at('/nodes/0/parameters')).toMatchObject({ node: 'each', field: '/parameters' })
    expect(at('/nodes/0/body/edges/0/to')).toMatchObject({ node: 'in', edge: 'in:main>x' })
    expect(at('/settings/timeoutSeconds')).toMatchObject({ node: null, field: '/settings/timeoutSeconds' })
  })
})

describe('three-way merge', () => {
  const edit = (recipe: (draft: Definition) => void) => {
    const copy = chain()
    recipe(copy)
    return copy
  }
  const node = (of: Definition, at: number) => of.nodes?.[at] as NodeDef

  it('keeps changes of different nodes, and of different members of one node', () => {
    const mine = edit((draft) => {
      node(draft, 0).parameters = { value: 2 }
      node(draft, 1).name = 'Second'
    })
    const theirs = edit((draft) => {
      node(draft, 1).parameters = { value: 3 }
      draft.nodes?.push({ id: 'c', type: 'set' })
      draft.edges?.push({ from: 'b', to: 'c' })
    })
    const { merged, conflicts } = merge(chain(), mine, theirs)
    expect(conflicts).toEqual([])
    expect(merged.nodes).toHaveLength(3)
    expect(node(merged, 0).parameters).toEqual({ value: 2 })
    expect(node(merged, 1)).toMatchObject({ name: 'Second', parameters: { value: 3 } })
    expect(merged.edges).toContainEqual({ from: 'b', to: 'c' })
  })

  it('asks where both changed the same, and takes what was chosen', () => {
    const mine = edit((draft) => void (node(draft, 0).parameters = { value: 'mine' }))
    const theirs = edit((draft) => void (node(draft, 0).parameters = { value: 'theirs' }))
    const { conflicts, merged } = merge(chain(), mine, theirs)
    expect(conflicts).toEqual([
      { key: 'node:a/parameters/value', label: 'a: value', base: 1, mine: 'mine', theirs: 'theirs' },
    ])
    expect(node(merged, 0).parameters).toEqual({ value: 'mine' })
    const other = merge(chain(), mine, theirs, { 'node:a/parameters/value': 'theirs' })
    expect(node(other.merged, 0).parameters).toEqual({ value: 'theirs' })
  })

  it('asks when one took a node out that the other changed, and leaves no edge to nowhere', () => {
    const mine = edit((draft) => removeNodes(draft, ['b']))
    const theirs = edit((draft) => void (node(draft, 1).name = 'Kept'))
    const { conflicts, merged } = merge(chain(), mine, theirs)
    expect(conflicts.map((one) => one.key)).toEqual(['node:b'])
    expect(merged.nodes).toHaveLength(1)
    expect(merged.edges).toEqual([])
  })

  it('takes no notice of the order of members', () => {
    const theirs = JSON.parse('{"edges":[{"to":"b","from":"a"}],"nodes":[],"schema":1}') as Definition
    theirs.nodes = chain().nodes
    expect(merge(chain(), chain(), theirs).conflicts).toEqual([])
    expect(isSame(theirs, chain())).toBe(true)
  })
})
