/** A definition as it is edited. Members that the console does not know stay where they are. */
export interface Definition extends GraphDef {
  schema?: unknown
  name?: unknown
  triggers?: unknown
  parameters?: unknown
  settings?: unknown
}

export interface GraphDef {
  nodes?: NodeDef[]
  edges?: EdgeDef[]
  output?: unknown
  [other: string]: unknown
}

export interface NodeDef {
  id: string
  type: string
  name?: string
  parameters?: Record<string, unknown>
  position?: XY
  body?: GraphDef
  compensate?: string
  [other: string]: unknown
}

export interface EdgeDef {
  from: string
  to: string
  port?: string
  [other: string]: unknown
}

export interface XY {
  x: number
  y: number
}

export interface Located {
  node: NodeDef
  graph: GraphDef
  /** The loop that the node stands in; null at the top. */
  parent: string | null
  index: number
  pointer: string
}

export const MAIN = 'main'
export const portOf = (edge: EdgeDef) => edge.port ?? MAIN
export const edgeId = (edge: EdgeDef) => `${edge.from}:${portOf(edge)}>${edge.to}`

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function graphProblem(graph: Record<string, unknown>, at: string, seen: Set<string>): string | null {
  const { nodes = [], edges = [] } = graph
  if (!Array.isArray(nodes)) return `${at}/nodes is no list.`
  if (!Array.isArray(edges)) return `${at}/edges is no list.`
  for (const [index, node] of nodes.entries()) {
    const here = `${at}/nodes/${index}`
    if (!isObject(node) || typeof node.id !== 'string' || node.id === '') return `${here} has no id.`
    if (typeof node.type !== 'string') return `${here} has no type.`
    if (seen.has(node.id)) return `${here}: there are two nodes with the id “${node.id}”.`
    seen.add(node.id)
    if (node.name !== undefined && typeof node.name !== 'string') return `${here}/name is no text.`
    if (node.parameters !== undefined && !isObject(node.parameters)) return `${here}/parameters is no object.`
    if (node.body !== undefined) {
      if (!isObject(node.body)) return `${here}/body is no object.`
      const inner = graphProblem(node.body, `${here}/body`, seen)
      if (inner) return inner
    }
  }
  for (const [index, edge] of edges.entries()) {
    const isEdge = isObject(edge) && typeof edge.from === 'string' && typeof edge.to === 'string'
    if (!isEdge) return `${at}/edges/${index} has no from or no to.`
    if (edge.port !== undefined && typeof edge.port !== 'string') return `${at}/edges/${index}/port is no text.`
  }
  return null
}

/** Why JSON cannot be drawn; null when it can. Whether it can run is for the server to say. */
export function whyNotDrawn(value: unknown): string | null {
  return isObject(value) ? graphProblem(value, '', new Set()) : 'A definition is one JSON object.'
}

const indexes = new WeakMap<object, Map<string, Located>>()

function collect(graph: GraphDef, parent: string | null, at: string, into: Map<string, Located>) {
  for (const [index, node] of (graph.nodes ?? []).entries()) {
    const pointer = `${at}/nodes/${index}`
    into.set(node.id, { node, graph, parent, index, pointer })
    if (node.body) collect(node.body, node.id, `${pointer}/body`, into)
  }
}

export function collectNodes(definition: Definition): Map<string, Located> {
  const found = new Map<string, Located>()
  collect(definition, null, '', found)
  return found
}

/** All nodes by id. Kept for as long as the definition is: it is never changed in place. */
export function nodesOf(definition: Definition): Map<string, Located> {
  let found = indexes.get(definition)
  if (!found) {
    found = collectNodes(definition)
    indexes.set(definition, found)
  }
  return found
}

/** The graph of a loop's body, or that of the definition. */
export function graphOf(definition: Definition, parent: string | null): GraphDef | undefined {
  return parent === null ? definition : collectNodes(definition).get(parent)?.node.body
}

export interface Graph {
  parent: string | null
  graph: GraphDef
  pointer: string
}

export function graphsOf(definition: Definition): Graph[] {
  const graphs: Graph[] = [{ parent: null, graph: definition, pointer: '' }]
  for (const [id, { node, pointer }] of nodesOf(definition)) {
    if (node.body) graphs.push({ parent: id, graph: node.body, pointer: `${pointer}/body` })
  }
  return graphs
}

/** Whether two values say the same, whatever the order of their members. */
export function isSame(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true
  if (Array.isArray(one)) {
    return Array.isArray(other) && one.length === other.length && one.every((item, at) => isSame(item, other[at]))
  }
  if (!isObject(one) || !isObject(other)) return false
  const names = Object.keys(one).filter((name) => one[name] !== undefined)
  const others = Object.keys(other).filter((name) => other[name] !== undefined)
  return (
    names.length === others.length &&
    names.every((name) => Object.hasOwn(other, name) && isSame(one[name], other[name]))
  )
}
