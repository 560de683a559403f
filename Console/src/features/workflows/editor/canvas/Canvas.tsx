import '@xyflow/react/dist/style.css'
import {
  Background,
  BackgroundVariant,
  type Connection,
  MarkerType,
  MiniMap,
  type NodeChange,
  ReactFlow,
  ReactFlowProvider,
  SelectionMode,
  useReactFlow,
  useStore as useFlow,
} from '@xyflow/react'
import { type DragEvent, useCallback, useEffect, useMemo, useRef } from 'react'
import { useActs } from '../acts'
import { useEditor, useEditorContext, useView } from '../context'
import { nodesOf, type XY } from '../model/definition'
import { placesOf } from '../model/places'
import { problemsByNode } from '../model/problems'
import { GROUP_HEAD, type Place } from '../model/sizes'
import { text } from '../text'
import { useStale } from '../useStale'
import { classes } from './classes'
import { CanvasTools } from './CanvasTools'
import { DRAGGED } from './dragged'
import { createDrawing, drawEdges } from './drawing'
import { FlowEdge, UndoEdge } from './FlowEdge'
import { FlowNode } from './FlowNode'
import { shortestMove } from './shortestMove'

const MANY = 300
const PLAIN_ABOVE = 100
const FAR = 0.35
const READABLE = 0.62
const FIRST = 0.72
const MAP_SIZE = { width: 150, height: 100 }
const nodeTypes = { editor: FlowNode }
const edgeTypes = { editor: FlowEdge, undo: UndoEdge }
const marker = { type: MarkerType.ArrowClosed, width: 14, height: 14, color: 'var(--edge)' }

function usePlaces() {
  const { types } = useEditorContext()
  const definition = useEditor((state) => state.definition)
  const laidOut = useView((state) => state.laidOut)
  const collapsed = useView((state) => state.collapsed)
  return useMemo(() => placesOf(definition, types, laidOut, collapsed), [definition, types, laidOut, collapsed])
}

function useDrawn(places: Record<string, Place>) {
  const { types } = useEditorContext()
  const draw = useMemo(() => createDrawing(), [])
  const { definition, chosen, edge } = useEditor((state) => state)
  const { collapsed, drag, problems, marks, pins } = useView((state) => state)
  const stale = useStale()
  const counts = useMemo(() => problemsByNode(problems, definition), [problems, definition])
  const nodes = useMemo(
    () => draw({ definition, types, places, collapsed, drag, chosen, problems: counts, marks, pins, stale }),
    [draw, definition, types, places, collapsed, drag, chosen, counts, marks, pins, stale],
  )
  const edges = useMemo(() => {
    const shown = new Set(nodes.map((node) => node.id))
    return drawEdges(definition, (id) => !shown.has(id), edge)
  }, [definition, nodes, edge])
  return { nodes, edges }
}

/** The deepest open loop around a point, and the point within it. */
function groupAt(
  at: XY,
  places: Record<string, Place>,
  nodes: ReturnType<typeof nodesOf>,
  collapsed: ReadonlySet<string>,
) {
  let best: { parent: string | null; at: XY } = { parent: null, at }
  const origin = (id: string): XY => {
    const [place, parent] = [places[id] ?? { x: 0, y: 0 }, nodes.get(id)?.parent ?? null]
    const outer = parent === null ? { x: 0, y: 0 } : origin(parent)
    return { x: outer.x + place.x, y: outer.y + place.y }
  }
  for (const [id, { node }] of nodes) {
    const place = places[id]
    if (!node.body || !place || collapsed.has(id)) continue
    const { x, y } = origin(id)
    const isIn = at.x > x && at.x < x + place.width && at.y > y + GROUP_HEAD - 8 && at.y < y + place.height
    if (isIn) best = { parent: id, at: { x: at.x - x, y: at.y - y } }
  }
  return best
}

function useHandle(places: Record<string, Place>) {
  const { canvas } = useEditorContext()
  const flow = useReactFlow()
  const pointer = useRef<XY | null>(null)
  const host = useRef<HTMLDivElement>(null)
  const latest = useRef(places)
  useEffect(() => {
    latest.current = places
  })
  useEffect(() => {
    const middle = () => {
      const box = host.current?.getBoundingClientRect()
      return flow.screenToFlowPosition({
        x: (box?.left ?? 0) + (box?.width ?? 0) / 2,
        y: (box?.top ?? 0) + (box?.height ?? 0) / 2,
      })
    }
    const isSeen = (id: string) => {
      const [node, box] = [flow.getInternalNode(id), host.current?.getBoundingClientRect()]
      if (!node || !box) return false
      const at = flow.flowToScreenPosition(node.internals.positionAbsolute)
      return at.x > box.left && at.y > box.top && at.x + 120 < box.right && at.y + 60 < box.bottom
    }
    /** Moves the canvas no further than the node needs; false when it is too far away for that. */
    const bring = (id: string) => {
      const [node, box] = [flow.getInternalNode(id), host.current?.getBoundingClientRect()]
      if (!node || !box) return true
      const [zoom, { width = 0, height = 0 }] = [flow.getZoom(), node.measured]
      const { x, y } = flow.flowToScreenPosition(node.internals.positionAbsolute)
      const by = shortestMove({ x, y, width: width * zoom, height: height * zoom }, box)
      if (by === null) return false
      const view = flow.getViewport()
      if (by.x !== 0 || by.y !== 0)
        void flow.setViewport({ x: view.x + by.x, y: view.y + by.y, zoom }, { duration: 160 })
      return true
    }
    canvas.set({
      pointer: () => pointer.current && flow.screenToFlowPosition(pointer.current),
      centre: middle,
      show: (ids) => {
        const [only] = ids
        if (ids.length === 1 && only !== undefined && bring(only)) return
        if (ids.every(isSeen)) return
        void flow.fitView({
          nodes: ids.map((id) => ({ id })),
          maxZoom: Math.max(0.8, flow.getZoom()),
          minZoom: 0.3,
          duration: 160,
          padding: 0.3,
        })
      },
      fit: () => void flow.fitView({ padding: 0.15, maxZoom: 1, duration: 160 }),
      zoom: (by) => void flow.zoomTo(flow.getZoom() * by, { duration: 100 }),
      focus: (id) => {
        const find = () => host.current?.querySelector<HTMLElement>(`.react-flow__node[data-id="${CSS.escape(id)}"]`)
        requestAnimationFrame(() => find()?.focus({ preventScroll: true }))
        if (!bring(id))
          void flow.fitView({ nodes: [{ id }], maxZoom: Math.max(0.7, flow.getZoom()), minZoom: 0.5, duration: 160 })
      },
    })
    return () => canvas.set(null)
  }, [canvas, flow])
  const point = useCallback((at: XY | null) => {
    pointer.current = at
  }, [])
  return { host, point, flow }
}

function useChanges() {
  const { store, view } = useEditorContext()
  const acts = useActs()
  return useCallback(
    (changes: NodeChange[]) => {
      const selected = changes.filter((change) => change.type === 'select')
      if (selected.length > 0) {
        const chosen = new Set(store.getState().chosen)
        for (const change of selected) {
          if (change.selected) chosen.add(change.id)
          else chosen.delete(change.id)
        }
        store.getState().choose([...chosen])
      }
      const moved = changes.filter((change) => change.type === 'position' && change.position)
      if (moved.length === 0) return
      const drag = { ...view.getState().drag }
      let isOver = false
      for (const change of moved) {
        if (change.type !== 'position' || !change.position) continue
        drag[change.id] = change.position
        isOver ||= change.dragging === false
      }
      view.setState({ drag: isOver ? null : drag })
      if (isOver) acts.moveTo(drag)
    },
    [acts, store, view],
  )
}

function Flow() {
  const { view, store, canvas, mayEdit } = useEditorContext()
  const acts = useActs()
  const places = usePlaces()
  const { nodes, edges } = useDrawn(places)
  const { host, point, flow } = useHandle(places)
  const onNodesChange = useChanges()
  const zoom = useFlow((state) => (state.transform[2] < FAR ? 'far' : state.transform[2] > 0.6 ? 'near' : 'middle'))
  const count = nodes.length
  const target = useCallback(
    (event: { clientX: number; clientY: number }) => {
      const at = flow.screenToFlowPosition({ x: event.clientX, y: event.clientY })
      return groupAt(at, places, nodesOf(store.getState().definition), view.getState().collapsed)
    },
    [flow, places, store, view],
  )
  /** All at once where that can be read; of a larger workflow, its beginning. */
  const begin = () => {
    const [box, all] = [
      host.current?.getBoundingClientRect(),
      flow.getNodesBounds(nodes.filter((node) => !node.parentId)),
    ]
    if (!box || nodes.length === 0) return
    const zoom = Math.min(1, (box.width * 0.86) / all.width, (box.height * 0.8) / all.height)
    if (zoom >= READABLE) void flow.fitView({ maxZoom: 1, padding: 0.12 })
    else {
      const tall = all.height * FIRST > box.height * 0.8
      const y = tall ? 48 - all.y * FIRST : box.height / 2 - (all.y + all.height / 2) * FIRST
      void flow.setViewport({ zoom: FIRST, x: 48 - all.x * FIRST, y })
    }
  }
  const drop = (event: DragEvent) => {
    const type = event.dataTransfer.getData(DRAGGED)
    if (!type) return
    event.preventDefault()
    const { parent, at } = target(event)
    acts.add(type, { after: null, into: null, parent, at: { x: at.x - 100, y: at.y - 28 } })
  }
  const connect = ({ source, sourceHandle, target: to }: Connection) => {
    const why = acts.join(source, sourceHandle ?? 'main', to)
    if (why) acts.fail(new Error(why))
  }
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- keys do the same by useEditorKeys
    <div
      ref={host}
      className={classes.canvas}
      role="application"
      aria-label={text.canvas}
      aria-roledescription={text.canvasRole}
      data-far={zoom === 'far' || undefined}
      data-many={count > PLAIN_ABOVE || undefined}
      onPointerMove={(event) => point({ x: event.clientX, y: event.clientY })}
      onPointerLeave={() => point(null)}
      onFocus={(event) => {
        // By keyboard, the node in focus is the chosen one.
        const id = event.target.matches('.react-flow__node:focus-visible') ? event.target.getAttribute('data-id') : null
        if (id !== null && !store.getState().chosen.includes(id)) store.getState().choose([id])
      }}
      onDragOver={(event) => event.preventDefault()}
      onDrop={drop}
    >
      <ReactFlow
        nodes={nodes}
        edges={edges}
        nodeTypes={nodeTypes}
        edgeTypes={edgeTypes}
        defaultEdgeOptions={{ markerEnd: marker }}
        onNodesChange={onNodesChange}
        onEdgesChange={(changes) => {
          for (const change of changes) {
            if (change.type === 'select') store.getState().chooseEdge(change.selected ? change.id : null)
          }
        }}
        onConnect={connect}
        onConnectEnd={(event, state) => {
          const from = state.fromHandle
          if (state.isValid || state.toNode || !from || from.type !== 'source' || !('clientX' in event)) return
          const { at } = target(event)
          acts.palette({ after: { id: from.nodeId, port: from.id ?? 'main' }, at: { x: at.x, y: at.y - 28 } })
        }}
        onNodeClick={(event, node) => {
          // A press on one of several chosen nodes means that one.
          if (!event.shiftKey && !event.ctrlKey && !event.metaKey) store.getState().choose([node.id])
          const isOpening = !view.getState().isPanelOpen
          view.setState({ isPanelOpen: true })
          // The panel takes a part of the canvas: the node may stand below it.
          if (isOpening) setTimeout(() => canvas.current?.show([node.id]), 80)
        }}
        onPaneClick={() => store.getState().choose([])}
        nodesDraggable={mayEdit}
        nodesConnectable={mayEdit}
        edgesFocusable={false}
        nodesFocusable
        disableKeyboardA11y
        // The library's own puts each node in focus into the middle, and what stood beside it out of sight.
        autoPanOnNodeFocus={false}
        deleteKeyCode={null}
        selectionKeyCode="Shift"
        multiSelectionKeyCode={['Control', 'Meta', 'Shift']}
        selectionMode={SelectionMode.Partial}
        zoomOnDoubleClick={false}
        onInit={begin}
        minZoom={0.05}
        maxZoom={2}
        snapToGrid
        snapGrid={[4, 4]}
        connectionRadius={28}
        elevateNodesOnSelect={false}
        onlyRenderVisibleElements={count > MANY && zoom === 'near'}
        proOptions={{ hideAttribution: true }}
      >
        {count <= PLAIN_ABOVE && (
          <Background variant={BackgroundVariant.Dots} gap={20} size={1.3} color="var(--line-strong)" />
        )}
        {count > 8 && count <= MANY && (
          <MiniMap
            pannable
            zoomable
            style={MAP_SIZE}
            className={classes.map}
            ariaLabel={text.map}
            nodeColor="var(--map-node)"
            maskColor="var(--map-mask)"
          />
        )}
      </ReactFlow>
      <CanvasTools />
    </div>
  )
}

export function Canvas() {
  return (
    <ReactFlowProvider>
      <Flow />
    </ReactFlowProvider>
  )
}
