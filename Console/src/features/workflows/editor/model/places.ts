import { type Definition, type Graph, graphsOf, type NodeDef, nodesOf, portOf, type XY } from './definition'
import type { ArrangeGraph } from './arrange'
import { type NodeTypes, portsOf } from './nodeTypes'
import { groupSize, type Place, plainSize } from './sizes'

const hasPlace = (node: NodeDef) => Number.isFinite(node.position?.x) && Number.isFinite(node.position?.y)

/** Whether every node says where it is drawn. */
export const isPlaced = (definition: Definition) =>
  [...nodesOf(definition).values()].every(({ node }) => hasPlace(node))

/** What the layout has to know of a definition. */
export function layoutTask(definition: Definition, types: NodeTypes): ArrangeGraph[] {
  return graphsOf(definition).map(({ parent, graph }) => {
    const nodes = graph.nodes ?? []
    const ports = new Map(nodes.map((node) => [node.id, portsOf(node, types)]))
    return {
      parent,
      nodes: nodes.map((node) => ({ id: node.id, isGroup: node.body !== undefined, ...plainSize(node, types) })),
      edges: (graph.edges ?? []).map((edge) => ({
        from: edge.from,
        to: edge.to,
        port: ports.get(edge.from)?.indexOf(portOf(edge)) ?? 0,
      })),
      undo: nodes.flatMap((node) => (node.compensate ? [{ id: node.compensate, of: node.id }] : [])),
    }
  })
}

const STEP = 96

/** A node without a place of its own stands where the layout saw it, beside none of those that have one. */
function firstFree(wanted: XY, taken: readonly XY[]): XY {
  let { y } = wanted
  while (taken.some((place) => Math.abs(place.x - wanted.x) < 180 && Math.abs(place.y - y) < 70)) y += STEP
  return { x: wanted.x, y }
}

/** Where everything is drawn: by its own position, else by the layout. Groups are as large as what they hold. */
export function placesOf(
  definition: Definition,
  types: NodeTypes,
  laidOut: Record<string, XY>,
  collapsed: ReadonlySet<string>,
): Record<string, Place> {
  const places: Record<string, Place> = {}
  const graphs: Graph[] = graphsOf(definition)
  for (const { graph } of [...graphs].reverse()) {
    const here: Place[] = []
    for (const node of graph.nodes ?? []) {
      const plain = plainSize(node, types)
      const inner = (node.body?.nodes ?? []).flatMap((one) => places[one.id] ?? [])
      const size = node.body && !collapsed.has(node.id) ? groupSize(inner) : plain
      const own = hasPlace(node) ? (node.position as XY) : firstFree(laidOut[node.id] ?? { x: 40, y: 60 }, here)
      const place = { x: own.x, y: own.y, width: size.width, height: Math.max(size.height, plain.height) }
      places[node.id] = place
      here.push(place)
    }
  }
  return places
}
