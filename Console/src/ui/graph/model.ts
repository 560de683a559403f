/** What is drawn of a definition: its nodes, also those of bodies, and what joins them. */
export interface GraphNode {
  id: string
  name: string
  type: string
  parent: string | null
  isLoop: boolean
}

export interface GraphEdge {
  id: string
  from: string
  to: string
  port: string
  kind: 'flow' | 'compensate'
}

export interface GraphModel {
  nodes: GraphNode[]
  edges: GraphEdge[]
}

interface RawNode {
  id?: unknown
  name?: unknown
  type?: unknown
  compensate?: unknown
  body?: { nodes?: unknown; edges?: unknown }
}

interface RawEdge {
  from?: unknown
  to?: unknown
  port?: unknown
}

const asList = <T>(value: unknown): T[] => (Array.isArray(value) ? (value as T[]) : [])
const asText = (value: unknown) => (typeof value === 'string' ? value : '')

/** Reads a definition as far as it can be read: what is no node is not drawn. */
export function modelOf(definition: unknown): GraphModel {
  const model: GraphModel = { nodes: [], edges: [] }
  const add = (part: { nodes?: unknown; edges?: unknown }, parent: string | null) => {
    for (const node of asList<RawNode>(part.nodes)) {
      const id = asText(node?.id)
      if (!id) continue
      const isLoop = typeof node.body === 'object' && node.body !== null && asList(node.body.nodes).length > 0
      model.nodes.push({ id, name: asText(node.name) || id, type: asText(node.type), parent, isLoop })
      const undo = asText(node.compensate)
      if (undo) model.edges.push({ id: `${id}~${undo}`, from: id, to: undo, port: 'undo', kind: 'compensate' })
      if (isLoop && node.body) add(node.body, id)
    }
    for (const edge of asList<RawEdge>(part.edges)) {
      const from = asText(edge?.from)
      const to = asText(edge?.to)
      const port = asText(edge?.port) || 'main'
      if (from && to) model.edges.push({ id: `${from}:${port}>${to}`, from, to, port, kind: 'flow' })
    }
  }
  if (typeof definition === 'object' && definition !== null) add(definition, null)
  const known = new Set(model.nodes.map((node) => node.id))
  model.edges = model.edges.filter((edge) => known.has(edge.from) && known.has(edge.to))
  return model
}
