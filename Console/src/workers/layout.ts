import dagre from '@dagrejs/dagre'
import type { GraphModel } from '../ui/graph/model'

export interface Place {
  x: number
  y: number
  width: number
  height: number
}

export const NODE_WIDTH = 208
export const NODE_HEIGHT = 54
const GROUP_HEAD = 44
const GROUP_PAD = 18

/** Places from left to right. A loop is as large as its body, whose places are relative to it. */
export function layout({ nodes, edges }: GraphModel): Record<string, Place> {
  const places: Record<string, Place> = {}
  const childrenOf = new Map<string | null, string[]>()
  for (const node of nodes) childrenOf.set(node.parent, [...(childrenOf.get(node.parent) ?? []), node.id])
  const arrange = (parent: string | null): { width: number; height: number } => {
    const ids = childrenOf.get(parent) ?? []
    const graph = new dagre.graphlib.Graph({ multigraph: true })
    graph.setGraph({ rankdir: 'LR', nodesep: 26, ranksep: 68, marginx: 0, marginy: 0 })
    graph.setDefaultEdgeLabel(() => ({}))
    for (const id of ids) {
      const inner = childrenOf.has(id) ? arrange(id) : null
      graph.setNode(id, {
        width: inner ? inner.width + 2 * GROUP_PAD : NODE_WIDTH,
        height: inner ? inner.height + GROUP_HEAD + GROUP_PAD : NODE_HEIGHT,
      })
    }
    const here = new Set(ids)
    for (const edge of edges) {
      if (here.has(edge.from) && here.has(edge.to)) graph.setEdge(edge.from, edge.to, {}, edge.id)
    }
    dagre.layout(graph)
    for (const id of ids) {
      const { x, y, width, height } = graph.node(id) as Place
      places[id] = {
        x: x - width / 2 + (parent === null ? 0 : GROUP_PAD),
        y: y - height / 2 + (parent === null ? 0 : GROUP_HEAD),
        width,
        height,
      }
    }
    const { width = NODE_WIDTH, height = NODE_HEIGHT } = graph.graph() as { width?: number; height?: number }
    return { width, height }
  }
  arrange(null)
  return places
}
