import type { GraphEdge, GraphModel, GraphNode } from './model'
import { modelOf } from './model'

export type Change = 'added' | 'changed' | 'removed'

/** The word and the sign of a change: colour only repeats them. */
export const CHANGE_WORDS: Record<Change, { word: string; sign: string }> = {
  added: { word: 'added', sign: '+' },
  changed: { word: 'changed', sign: '~' },
  removed: { word: 'removed', sign: '−' },
}

export interface Comparison {
  /** Nodes and edges of both: what is gone stands where it stood. */
  model: GraphModel
  nodes: Record<string, Change>
  edges: Record<string, Change>
  counts: Record<Change, number>
}

interface Raw {
  id?: unknown
  position?: unknown
  body?: { nodes?: unknown[]; output?: unknown }
}

const asList = (value: unknown): Raw[] => (Array.isArray(value) ? (value as Raw[]) : [])

// Members in another order are the same; where a node is drawn does not count, and a body's nodes count themselves.
const plain = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(members.map(([name, member]) => [name, plain(member)]))
}

function textsOf(definition: unknown): Map<string, string> {
  const texts = new Map<string, string>()
  const add = (nodes: unknown) => {
    for (const node of asList(nodes)) {
      if (typeof node?.id !== 'string') continue
      const { position: _, body, ...rest } = node
      texts.set(node.id, JSON.stringify(plain({ ...rest, output: body?.output })))
      add(body?.nodes)
    }
  }
  add((definition as { nodes?: unknown } | null)?.nodes)
  return texts
}

const byId = <T extends { id: string }>(items: T[]) => new Map(items.map((one) => [one.id, one]))

/** Two definitions as one graph. A node that has moved into another loop has changed. */
export function compareGraphs(before: unknown, after: unknown): Comparison {
  const [was, is] = [modelOf(before), modelOf(after)]
  const [wasNodes, isNodes] = [byId<GraphNode>(was.nodes), byId<GraphNode>(is.nodes)]
  const [wasTexts, isTexts] = [textsOf(before), textsOf(after)]
  const nodes: Comparison['nodes'] = {}
  const edges: Comparison['edges'] = {}
  for (const [id, node] of isNodes) {
    const old = wasNodes.get(id)
    if (!old) nodes[id] = 'added'
    else if (old.parent !== node.parent || wasTexts.get(id) !== isTexts.get(id)) nodes[id] = 'changed'
  }
  const gone = was.nodes.filter((node) => !isNodes.has(node.id))
  for (const node of gone) nodes[node.id] = 'removed'
  const all = new Set([...isNodes.keys(), ...gone.map((node) => node.id)])
  // A loop that is left only by what is gone is still drawn around it.
  const holders = new Set(gone.map((node) => node.parent))
  const kept = is.nodes.map((node) => (holders.has(node.id) ? { ...node, isLoop: true } : node))
  const [wasEdges, isEdges] = [byId<GraphEdge>(was.edges), byId<GraphEdge>(is.edges)]
  for (const id of isEdges.keys()) if (!wasEdges.has(id)) edges[id] = 'added'
  const goneEdges = was.edges.filter((edge) => !isEdges.has(edge.id) && all.has(edge.from) && all.has(edge.to))
  for (const edge of goneEdges) edges[edge.id] = 'removed'
  const counts = { added: 0, changed: 0, removed: 0 }
  for (const change of Object.values(nodes)) counts[change]++
  return { model: { nodes: [...kept, ...gone], edges: [...is.edges, ...goneEdges] }, nodes, edges, counts }
}
