import { describe, expect, it } from 'vitest'
import { compareGraphs } from './compare'

const node = (id: string, value: unknown = 1, rest: object = {}) => ({
  id,
  type: 'set',
  parameters: { value },
  ...rest,
})

describe('two versions as one graph', () => {
  it('say what was added, changed and removed, and what joins them', () => {
    const before = {
      nodes: [node('a'), node('b'), node('gone')],
      edges: [
        { from: 'a', to: 'b' },
        { from: 'b', to: 'gone' },
      ],
    }
    const after = {
      nodes: [node('a'), node('b', 2), node('new')],
      edges: [
        { from: 'a', to: 'b' },
        { from: 'b', to: 'new' },
      ],
    }
    const found = compareGraphs(before, after)
    expect(found.nodes).toEqual({ b: 'changed', new: 'added', gone: 'removed' })
    expect(found.edges).toEqual({ 'b:main>new': 'added', 'b:main>gone': 'removed' })
    expect(found.counts).toEqual({ added: 1, changed: 1, removed: 1 })
    expect(found.model.nodes.map((one) => one.id)).toEqual(['a', 'b', 'new', 'gone'])
  })

  it('leave out where a node is drawn, and the order of members', () => {
    const before = { nodes: [{ id: 'a', type: 'set', position: { x: 1, y: 1 }, parameters: { x: 1, y: 2 } }] }
    const after = { nodes: [{ parameters: { y: 2, x: 1 }, type: 'set', id: 'a', position: { x: 9, y: 9 } }] }
    expect(compareGraphs(before, after).nodes).toEqual({})
  })

  it('tell the body of a loop from the loop', () => {
    const loop = (nodes: unknown[], output: unknown = null) => ({
      nodes: [{ id: 'loop', type: 'forEach', parameters: {}, body: { nodes, output } }],
    })
    expect(compareGraphs(loop([node('in')]), loop([node('in', 2)])).nodes).toEqual({ in: 'changed' })
    expect(compareGraphs(loop([node('in')]), loop([node('in')], 'x')).nodes).toEqual({ loop: 'changed' })
    const emptied = compareGraphs(loop([node('in')]), loop([]))
    expect(emptied.nodes).toEqual({ in: 'removed' })
    expect(emptied.model.nodes).toContainEqual(expect.objectContaining({ id: 'loop', isLoop: true }))
  })

  it('read what is no definition as nothing', () => {
    expect(compareGraphs(null, 'x').model).toEqual({ nodes: [], edges: [] })
  })
})
