import dagre from '@dagrejs/dagre'
import { GROUP_HEAD, GROUP_PAD, groupSize, type Place, type Size } from './sizes'

export interface ArrangeNode extends Size {
  id: string
  isGroup: boolean
}

export interface ArrangeGraph {
  parent: string | null
  nodes: ArrangeNode[]
  /** With the place of the port among those of its node. */
  edges: { from: string; to: string; port: number }[]
  /** Nodes that undo others: they stand below those, in no flow. */
  undo: { id: string; of: string }[]
}

const GAP = 28

function arrangeOne(graph: ArrangeGraph, sizes: Map<string, Size>): Record<string, Place> {
  const isInside = graph.parent !== null
  const flow = new dagre.graphlib.Graph()
  flow.setGraph({ rankdir: 'LR', nodesep: 36, ranksep: 84, marginx: 0, marginy: 0 })
  flow.setDefaultEdgeLabel(() => ({}))
  const undo = new Map(graph.undo.map(({ id, of }) => [id, of]))
  const sizeOf = (node: ArrangeNode) => sizes.get(node.id) ?? { width: node.width, height: node.height }
  for (const node of graph.nodes) if (!undo.has(node.id)) flow.setNode(node.id, { ...sizeOf(node) })
  for (const edge of graph.edges) if (flow.hasNode(edge.from) && flow.hasNode(edge.to)) flow.setEdge(edge.from, edge.to)
  dagre.layout(flow)
  const [left, top] = isInside ? [GROUP_PAD, GROUP_HEAD] : [0, 0]
  const places: Record<string, Place> = {}
  let bottom = top
  for (const node of graph.nodes) {
    if (undo.has(node.id)) continue
    const { width, height } = sizeOf(node)
    const { x, y } = flow.node(node.id) as { x: number; y: number }
    const place = { x: Math.round(x - width / 2 + left), y: Math.round(y - height / 2 + top), width, height }
    places[node.id] = place
    bottom = Math.max(bottom, place.y + height)
  }
  untwist(graph, places)
  let next = left
  for (const node of graph.nodes) {
    if (!undo.has(node.id)) continue
    const size = sizeOf(node)
    const x = Math.max(next, places[undo.get(node.id) ?? '']?.x ?? next)
    places[node.id] = { x, y: Math.round(bottom + GAP * 2), ...size }
    next = x + size.width + GAP
  }
  return places
}

/** Branches that go on to the same nodes stand in the order of their ports: their edges need not cross. */
function untwist(graph: ArrangeGraph, places: Record<string, Place>) {
  const [after, entries] = [new Map<string, string[]>(), new Map<string, number>()]
  for (const { from, to } of graph.edges) {
    after.set(from, [...(after.get(from) ?? []), to])
    entries.set(to, (entries.get(to) ?? 0) + 1)
  }
  const branches = new Map<string, { id: string; port: number }[]>()
  for (const { from, to, port } of graph.edges) {
    if (entries.get(to) !== 1 || !places[to]) continue
    const key = `${from} ${places[to].x} ${places[to].height} ${(after.get(to) ?? []).toSorted().join()}`
    branches.set(key, [...(branches.get(key) ?? []), { id: to, port }])
  }
  for (const group of branches.values()) {
    const heights = group.map(({ id }) => places[id]?.y ?? 0).toSorted((one, other) => one - other)
    for (const [index, { id }] of group.toSorted((one, other) => one.port - other.port).entries()) {
      const place = places[id]
      if (place) places[id] = { ...place, y: heights[index] ?? place.y }
    }
  }
}

/** Places from left to right, the inner graphs first: a loop is as large as what it holds. */
export function arrange(graphs: readonly ArrangeGraph[]): Record<string, Place> {
  const places: Record<string, Place> = {}
  const sizes = new Map<string, Size>()
  for (const graph of [...graphs].reverse()) {
    const found = arrangeOne(graph, sizes)
    Object.assign(places, found)
    if (graph.parent !== null) sizes.set(graph.parent, groupSize(Object.values(found)))
  }
  return places
}
