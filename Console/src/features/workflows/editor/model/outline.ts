import { type Definition, type EdgeDef, type GraphDef, graphsOf, type NodeDef, portOf } from './definition'

export interface OutlineItem {
  id: string
  node: NodeDef
  level: number
  parent: string | null
  /** By which ports which nodes lead here. */
  from: EdgeDef[]
}

/** Nodes in the order in which they can be executed. A circle ends in the order of the text. */
export function inOrder(graph: GraphDef): NodeDef[] {
  const nodes = graph.nodes ?? []
  const open = new Map(nodes.map((node) => [node.id, 0]))
  for (const { from, to } of graph.edges ?? [])
    if (open.has(from) && open.has(to)) open.set(to, (open.get(to) ?? 0) + 1)
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const next = new Map<string, string[]>()
  for (const { from, to } of graph.edges ?? []) next.set(from, [...(next.get(from) ?? []), to])
  const ready = nodes.filter((node) => open.get(node.id) === 0).map((node) => node.id)
  const found: NodeDef[] = []
  const seen = new Set<string>()
  while (ready.length > 0) {
    const id = ready.shift() as string
    const node = byId.get(id)
    if (!node || seen.has(id)) continue
    seen.add(id)
    found.push(node)
    const freed: string[] = []
    for (const to of next.get(id) ?? []) {
      const left = (open.get(to) ?? 0) - 1
      open.set(to, left)
      if (left === 0) freed.push(to)
    }
    // Depth first: a branch is read to its end before the next one.
    ready.unshift(...freed)
  }
  return [...found, ...nodes.filter((node) => !seen.has(node.id))]
}

export function outlineOf(definition: Definition): OutlineItem[] {
  const items: OutlineItem[] = []
  const add = (graph: GraphDef, level: number, parent: string | null) => {
    for (const node of inOrder(graph)) {
      const from = (graph.edges ?? []).filter((edge) => edge.to === node.id)
      items.push({ id: node.id, node, level, parent, from })
      if (node.body) add(node.body, level + 1, node.id)
    }
  }
  add(definition, 1, null)
  return items
}

/** Nodes whose results a node may read: those before it, and those before the loops around it. */
export function stepsBefore(definition: Definition, id: string): string[] {
  const found = new Set<string>()
  let at: string | null = id
  const graphs = graphsOf(definition)
  while (at !== null) {
    const here: string = at
    const graph = graphs.find((one) => one.graph.nodes?.some((node) => node.id === here))
    if (!graph) break
    const before = new Set([here])
    for (const one of before) for (const edge of graph.graph.edges ?? []) if (edge.to === one) before.add(edge.from)
    before.delete(here)
    for (const one of before) found.add(one)
    at = graph.parent
  }
  return [...found]
}

/** The neighbour that an arrow key goes to. */
export function neighbour(definition: Definition, id: string, direction: 'next' | 'before'): string | null {
  const graph = graphsOf(definition).find((one) => one.graph.nodes?.some((node) => node.id === id))?.graph
  const edges = (graph?.edges ?? []).filter((edge) => (direction === 'next' ? edge.from === id : edge.to === id))
  const edge = edges.toSorted((one, other) => Number(portOf(one) === 'error') - Number(portOf(other) === 'error'))[0]
  return (direction === 'next' ? edge?.to : edge?.from) ?? null
}
