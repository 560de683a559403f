import { describe, expect, it } from 'vitest'
import { changesBetween } from './ChangeList'
import type { Definition } from './model/definition'

const before: Definition = {
  nodes: [
    { id: 'a', type: 'set', parameters: { value: 1 } },
    { id: 'b', type: 'set', position: { x: 0, y: 0 } },
    { id: 'c', type: 'set' },
  ],
  edges: [{ from: 'a', to: 'b' }],
}

describe('what changed', () => {
  it('is told node by node, and moves in one line', () => {
    const after: Definition = {
      output: 1,
      nodes: [
        { id: 'a', type: 'set', parameters: { value: 2 } },
        { id: 'b', type: 'set', position: { x: 9, y: 0 } },
        { id: 'd', type: 'http', name: 'New' },
      ],
      edges: [{ from: 'a', port: 'error', to: 'b' }],
    }
    expect(changesBetween(before, after).map(({ kind, what, detail }) => `${kind} ${what}: ${detail}`)).toEqual([
      'changed Node a: value: 1 → 2',
      'added Node New (d): http',
      'removed Node c: set',
      'added Edge: a:error>b',
      'removed Edge: a:main>b',
      'changed Workflow: output: nothing → 1',
      'changed 1 nodes: moved on the canvas',
    ])
  })

  it('is nothing where only the order of members differs', () => {
    const [first, ...rest] = before.nodes ?? []
    const turned = { parameters: first?.parameters, type: 'set', id: 'a' }
    expect(changesBetween(before, { edges: before.edges, nodes: [turned, ...rest] })).toEqual([])
  })
})
