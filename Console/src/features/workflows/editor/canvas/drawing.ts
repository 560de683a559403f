import { type Edge, type Node, Position } from '@xyflow/react'
import { safeText } from '../../../../ui/safe'
import { statusLook } from '../../../../ui/StatusText'
import { edgesOf } from '../acts'
import type { Mark } from '../context'
import { type Definition, edgeId, type NodeDef, nodesOf, portOf, type XY } from '../model/definition'
import { CUSTOM, ERROR, type NodeTypes, portsOf } from '../model/nodeTypes'
import { GROUP_BAR, type Place } from '../model/sizes'

export interface Port {
  name: string
  /** Down from the top of the node; that for errors leaves at the bottom. */
  at: number
  isWired: boolean
  isKnown: boolean
}

export interface FlowData extends Record<string, unknown> {
  id: string
  name: string
  typeName: string
  category: string
  ports: Port[]
  entry: number
  hasEntry: boolean
  isGroup: boolean
  isFolded: boolean
  inner: number
  problems: number
  mark: Mark | null
  isPinned: boolean
  isStale: boolean
  isUndo: boolean
}

export interface Drawn {
  definition: Definition
  types: NodeTypes
  places: Record<string, Place>
  collapsed: ReadonlySet<string>
  drag: Record<string, XY> | null
  chosen: readonly string[]
  problems: Record<string, number>
  marks: Record<string, Mark>
  pins: Record<string, unknown> | null
  stale: ReadonlySet<string>
}

const PORT_SIZE = 12

function placedPorts(node: NodeDef, types: NodeTypes, wired: ReadonlySet<string>, height: number): Port[] {
  const known = portsOf(node, types)
  const unknown = [...wired].filter((name) => !known.includes(name))
  const forward = [...known.filter((name) => name !== ERROR), ...unknown]
  const ports = forward.map((name, index) => ({
    name,
    at: Math.round((height * (index + 1)) / (forward.length + 1)),
    isWired: wired.has(name),
    isKnown: !unknown.includes(name),
  }))
  if (known.includes(ERROR)) ports.push({ name: ERROR, at: 0, isWired: wired.has(ERROR), isKnown: true })
  return ports
}

const spoken = (data: FlowData) =>
  [
    data.name,
    data.typeName,
    data.mark ? statusLook(data.mark.status).word : null,
    data.mark?.note,
    data.problems > 0 ? `${data.problems} problems` : null,
    data.isPinned ? 'pinned' : null,
  ]
    .filter(Boolean)
    .join(', ')

function handlesOf(data: FlowData, place: Place) {
  const half = PORT_SIZE / 2
  const size = { width: PORT_SIZE, height: PORT_SIZE }
  return [
    ...(data.hasEntry
      ? [{ type: 'target' as const, position: Position.Left, x: -half, y: data.entry - half, ...size }]
      : []),
    ...data.ports.map((port) =>
      port.name === ERROR
        ? {
            id: ERROR,
            type: 'source' as const,
            position: Position.Bottom,
            x: place.width - 34 - half,
            y: place.height - half,
            ...size,
          }
        : {
            id: port.name,
            type: 'source' as const,
            position: Position.Right,
            x: place.width - half,
            y: port.at - half,
            ...size,
          },
    ),
  ]
}

interface Kept {
  deps: unknown[]
  node: Node<FlowData>
}

function isHidden(id: string, input: Drawn): boolean {
  const nodes = nodesOf(input.definition)
  for (let at = nodes.get(id)?.parent ?? null; at !== null; at = nodes.get(at)?.parent ?? null) {
    if (input.collapsed.has(at)) return true
  }
  return false
}

/** Draws nodes, and keeps those in which nothing changed: React has to look at the others only. */
export function createDrawing() {
  let kept = new Map<string, Kept>()
  return (input: Drawn): Node<FlowData>[] => {
    const next = new Map<string, Kept>()
    const chosen = new Set(input.chosen)
    const [wired, undo] = [new Map<string, Set<string>>(), new Set<string>()]
    for (const { edge } of edgesOf(input.definition)) {
      const ports = wired.get(edge.from) ?? new Set()
      wired.set(edge.from, ports.add(portOf(edge)))
    }
    for (const { node } of nodesOf(input.definition).values()) if (node.compensate) undo.add(node.compensate)
    const drawn: Node<FlowData>[] = []
    for (const [id, { node, parent }] of nodesOf(input.definition)) {
      const [place, at] = [input.places[id], input.drag?.[id]]
      if (!place || isHidden(id, input)) continue
      const ports = [...(wired.get(id) ?? [])]
      const facts = [
        input.problems[id] ?? 0,
        input.marks[id] ?? null,
        input.pins !== null && Object.hasOwn(input.pins, id),
      ]
      const deps = [
        node,
        place.x,
        place.y,
        place.width,
        place.height,
        at?.x,
        at?.y,
        chosen.has(id),
        ports.join(),
        input.types,
        input.collapsed.has(id),
        input.stale.has(id),
        undo.has(id),
        ...facts,
      ]
      const before = kept.get(id)
      const entry =
        before && deps.every((dep, index) => dep === before.deps[index])
          ? before
          : { deps, node: drawOne(input, node, parent, place, new Set(ports), chosen.has(id), undo.has(id)) }
      next.set(id, entry)
      drawn.push(entry.node)
    }
    kept = next
    return drawn
  }
}

function drawOne(
  input: Drawn,
  node: NodeDef,
  parent: string | null,
  place: Place,
  wired: ReadonlySet<string>,
  isChosen: boolean,
  isUndo: boolean,
): Node<FlowData> {
  const type = input.types.get(node.type)
  const isFolded = input.collapsed.has(node.id)
  const isGroup = node.body !== undefined
  const head = isGroup && !isFolded ? GROUP_BAR : place.height
  const data: FlowData = {
    id: node.id,
    name: safeText(node.name ?? node.id).slice(0, 120),
    typeName: node.type,
    category: node.type.startsWith(CUSTOM) ? 'custom' : (type?.category ?? 'unknown'),
    ports: placedPorts(node, input.types, wired, head),
    entry: head / 2,
    hasEntry: node.type !== 'start',
    isGroup,
    isFolded,
    inner: node.body?.nodes?.length ?? 0,
    problems: input.problems[node.id] ?? 0,
    mark: input.marks[node.id] ?? null,
    isPinned: input.pins !== null && Object.hasOwn(input.pins, node.id),
    isStale: input.stale.has(node.id),
    isUndo,
  }
  const at = input.drag?.[node.id] ?? place
  return {
    id: node.id,
    type: 'editor',
    position: { x: at.x, y: at.y },
    width: place.width,
    height: place.height,
    // Sizes are reckoned: nothing waits for them to be measured.
    measured: { width: place.width, height: place.height },
    ...(parent === null ? {} : { parentId: parent }),
    data,
    handles: handlesOf(data, place),
    selected: isChosen,
    ariaLabel: spoken(data),
    ...(isGroup && !isFolded ? { zIndex: 0 } : {}),
  }
}

export function drawEdges(definition: Definition, hidden: (id: string) => boolean, chosen: string | null): Edge[] {
  const edges: Edge[] = edgesOf(definition)
    .filter(({ edge }) => !hidden(edge.from) && !hidden(edge.to))
    .map(({ edge }) => ({
      id: edgeId(edge),
      source: edge.from,
      sourceHandle: portOf(edge),
      target: edge.to,
      type: 'editor',
      data: { edge },
      selected: edgeId(edge) === chosen,
    }))
  for (const { node } of nodesOf(definition).values()) {
    if (!node.compensate || hidden(node.id) || hidden(node.compensate)) continue
    edges.push({
      id: `${node.id}~${node.compensate}`,
      source: node.id,
      target: node.compensate,
      type: 'undo',
      selectable: false,
    })
  }
  return edges
}
