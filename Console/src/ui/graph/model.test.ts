// @vitest-environment node
import { describe, expect, it } from 'vitest'
import { layout } from '../../workers/layout'
import { modelOf } from './model'

const LOOP = {
  nodes: [
    {
      id: 'all',
      type: 'forEach',
      body: {
        nodes: [
          { id: 'one', type: 'set' },
          { id: 'two', type: 'set' },
        ],
        edges: [{ from: 'one', to: 'two' }],
      },
    },
    { id: 'end', type: 'set', name: 'End' },
    { id: 'undo', type: 'http' },
  ],
  edges: [
    { from: 'all', to: 'end' },
    { from: 'all', port: 'error', to: 'gone' },
  ],
}

describe('the graph of a definition', () => {
  it('has the nodes of bodies below their loop, and no edge that leads nowhere', () => {
    const model = modelOf(LOOP)
    expect(model.nodes.map((node) => [node.id, node.parent])).toEqual([
      ['all', null],
      ['one', 'all'],
      ['two', 'all'],
      ['end', null],
      ['undo', null],
    ])
    expect(model.edges.map((edge) => edge.id)).toEqual(['one:main>two', 'all:main>end'])
  })

  it('shows what undoes a node', () => {
    const model = modelOf({
      nodes: [
        { id: 'a', type: 'http', compensate: 'b' },
        { id: 'b', type: 'http' },
      ],
      edges: [],
    })
    expect(model.edges[0]).toMatchObject({ from: 'a', to: 'b', kind: 'compensate' })
  })

  it.each([null, 'text', 5, [], { nodes: 'none' }, { nodes: [null, { id: 5 }] }])('is empty for %j', (definition) => {
    expect(modelOf(definition)).toEqual({ nodes: [], edges: [] })
  })

  it('is laid out from left to right, bodies inside their loop', () => {
    const places = layout(modelOf(LOOP))
    const { all, one, two, end } = places as Record<
      'all' | 'one' | 'two' | 'end',
      { x: number; y: number; width: number; height: number }
    >
    expect(two.x).toBeGreaterThan(one.x + one.width)
    expect(end.x).toBeGreaterThan(all.x + all.width)
    expect(two.x + two.width).toBeLessThanOrEqual(all.width)
    expect(one.y).toBeGreaterThanOrEqual(0)
    expect(one.y + one.height).toBeLessThanOrEqual(all.height)
  })
})
