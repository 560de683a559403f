import {
  collectNodes,
  type Definition,
  type EdgeDef,
  type GraphDef,
  graphOf,
  MAIN,
  type NodeDef,
  portOf,
  type XY,
} from './definition'
import type { NodeTypes } from './nodeTypes'
import { renameInParameters, renameInTemplate } from './references'

/** Changes of a draft of the definition. Each says nothing of undo: that is the store's. */

const LONGEST_ID = 64
const COPIED = /-\d+$/

/** An id that is free: `http`, `http-2`, `http-3`, ... */
export function freeId(wanted: string, taken: { has: (id: string) => boolean }): string {
  const clean = wanted
    .replaceAll(/[^A-Za-z0-9_-]+/g, '-')
    .replace(/^[^A-Za-z]+/, '')
    .slice(0, LONGEST_ID - 5)
  const stem = clean.replace(COPIED, '') || 'node'
  if (!taken.has(clean) && clean !== '') return clean
  let number = 2
  while (taken.has(`${stem}-${number}`)) number++
  return `${stem}-${number}`
}

export interface Addition {
  type: string
  parent: string | null
  position: XY
  parameters?: Record<string, unknown>
  hasBody?: boolean
}

export function addNode(draft: Definition, added: Addition): string {
  const graph = graphOf(draft, added.parent)
  if (!graph) throw new Error(`There is no loop “${added.parent}”.`)
  const id = freeId(added.type.replace(/^custom:/, ''), collectNodes(draft))
  const node: NodeDef = { id, type: added.type, parameters: added.parameters ?? {}, position: rounded(added.position) }
  if (added.hasBody) node.body = { nodes: [], edges: [] }
  graph.nodes = [...(graph.nodes ?? []), node]
  return id
}

export const rounded = ({ x, y }: XY): XY => ({ x: Math.round(x), y: Math.round(y) })

const edgeOf = (from: string, port: string, to: string): EdgeDef => (port === MAIN ? { from, to } : { from, port, to })

/** Why two nodes cannot be joined; null when they can. */
export function whyNotConnected(definition: Definition, from: string, port: string, to: string): string | null {
  const nodes = collectNodes(definition)
  const [source, target] = [nodes.get(from), nodes.get(to)]
  if (!source || !target) return 'One of the nodes is not there any more.'
  if (from === to) return 'A node cannot lead to itself: what repeats is a loop (forEach, repeat).'
  if (source.parent !== target.parent) return 'An edge stays in one graph: both nodes stand in the same body.'
  const edges = source.graph.edges ?? []
  if (edges.some((edge) => edge.from === from && edge.to === to && portOf(edge) === port))
    return 'They are joined already.'
  const ahead = new Set([to])
  for (const id of ahead) for (const edge of edges) if (edge.from === id) ahead.add(edge.to)
  return ahead.has(from) ? 'That would be a circle: what repeats is a loop (forEach, repeat).' : null
}

export function connect(draft: Definition, from: string, port: string, to: string) {
  const graph = collectNodes(draft).get(from)?.graph
  if (graph) graph.edges = [...(graph.edges ?? []), edgeOf(from, port, to)]
}

export function disconnect(draft: Definition, from: string, port: string, to: string) {
  const graph = collectNodes(draft).get(from)?.graph
  if (!graph) return
  graph.edges = (graph.edges ?? []).filter((edge) => edge.from !== from || edge.to !== to || portOf(edge) !== port)
}

/** Puts a node into an edge: what led to its end leads to the node, and the node leads there. */
export function insertInto(draft: Definition, edge: EdgeDef, id: string, port: string | null) {
  disconnect(draft, edge.from, portOf(edge), edge.to)
  connect(draft, edge.from, portOf(edge), id)
  if (port !== null) connect(draft, id, port, edge.to)
}

export function move(draft: Definition, places: Record<string, XY>) {
  const nodes = collectNodes(draft)
  for (const [id, place] of Object.entries(places)) {
    const node = nodes.get(id)?.node
    // Further members of a position stay.
    if (node) node.position = { ...node.position, ...rounded(place) }
  }
}

export function removeNodes(draft: Definition, ids: readonly string[]) {
  const gone = new Set(ids)
  const clean = (graph: GraphDef) => {
    if (graph.nodes?.some((node) => gone.has(node.id))) graph.nodes = graph.nodes.filter((node) => !gone.has(node.id))
    if (graph.edges?.some((edge) => gone.has(edge.from) || gone.has(edge.to))) {
      graph.edges = graph.edges.filter((edge) => !gone.has(edge.from) && !gone.has(edge.to))
    }
    for (const node of graph.nodes ?? []) {
      if (node.compensate !== undefined && gone.has(node.compensate)) delete node.compensate
      if (node.body) clean(node.body)
    }
  }
  clean(draft)
}

function renameNode(node: NodeDef, types: NodeTypes, names: ReadonlyMap<string, string>) {
  if (node.parameters) {
    node.parameters = renameInParameters(node.parameters, types.get(node.type)?.parameters ?? [], names)
  }
  if (node.compensate !== undefined) node.compensate = names.get(node.compensate) ?? node.compensate
  if (node.body) renameGraph(node.body, types, names)
}

function renameGraph(graph: GraphDef, types: NodeTypes, names: ReadonlyMap<string, string>) {
  for (const node of graph.nodes ?? []) {
    node.id = names.get(node.id) ?? node.id
    renameNode(node, types, names)
  }
  for (const edge of graph.edges ?? []) {
    edge.from = names.get(edge.from) ?? edge.from
    edge.to = names.get(edge.to) ?? edge.to
  }
  if (graph.output !== undefined) graph.output = renameInTemplate(graph.output, names)
}

/** Gives a node another id, and all that names it. */
export function renameId(draft: Definition, id: string, next: string, types: NodeTypes) {
  renameGraph(draft, types, new Map([[id, next]]))
}

export interface Clip {
  nodes: NodeDef[]
  edges: EdgeDef[]
}

/** What is copied: the chosen nodes with their bodies, and the edges between them. */
export function clipOf(definition: Definition, ids: readonly string[], places: Record<string, XY>): Clip {
  const nodes = collectNodes(definition)
  const wanted = new Set(ids)
  const isWithin = (id: string): boolean => {
    const parent = nodes.get(id)?.parent
    return parent !== null && parent !== undefined && (wanted.has(parent) || isWithin(parent))
  }
  const outer = [...nodes.keys()].filter((id) => wanted.has(id) && !isWithin(id))
  const chosen = new Set(outer)
  const clip: Clip = { nodes: [], edges: [] }
  const graphs = new Set<GraphDef>()
  for (const id of outer) {
    const found = nodes.get(id)
    if (!found) continue
    clip.nodes.push({ ...found.node, ...(places[id] ? { position: rounded(places[id]) } : {}) })
    graphs.add(found.graph)
  }
  for (const graph of graphs) {
    for (const edge of graph.edges ?? []) if (chosen.has(edge.from) && chosen.has(edge.to)) clip.edges.push(edge)
  }
  return clip
}

/** Puts a clip at a place, with ids of its own: references within it follow, all others stay as they are. */
export function paste(draft: Definition, clip: Clip, parent: string | null, at: XY, types: NodeTypes): string[] {
  const graph = graphOf(draft, parent)
  if (!graph) throw new Error(`There is no loop “${parent}”.`)
  const copy = structuredClone(clip)
  const inside = collectNodes({ nodes: copy.nodes })
  const taken = new Set(collectNodes(draft).keys())
  const names = new Map<string, string>()
  for (const id of inside.keys()) {
    const next = freeId(id, taken)
    taken.add(next)
    names.set(id, next)
  }
  const left = Math.min(...copy.nodes.map((node) => node.position?.x ?? 0))
  const top = Math.min(...copy.nodes.map((node) => node.position?.y ?? 0))
  renameGraph(copy as unknown as GraphDef, types, names)
  for (const node of copy.nodes) {
    const { x = left, y = top } = node.position ?? {}
    node.position = { ...node.position, ...rounded({ x: at.x + x - left, y: at.y + y - top }) }
    // What undoes it was not copied with it.
    if (node.compensate !== undefined && !taken.has(node.compensate)) delete node.compensate
  }
  graph.nodes = [...(graph.nodes ?? []), ...copy.nodes]
  graph.edges = [...(graph.edges ?? []), ...copy.edges]
  return copy.nodes.map((node) => node.id)
}
