import '@xyflow/react/dist/style.css'
import {
  Background,
  BackgroundVariant,
  Controls,
  type Edge,
  Handle,
  MarkerType,
  type Node,
  type NodeProps,
  Position,
  ReactFlow,
  ReactFlowProvider,
} from '@xyflow/react'
import { createElement, memo, useMemo } from 'react'
import type { Place } from '../../workers/layout'
import { safeText } from '../safe'
import { statusLook } from '../StatusText'
import { Waiting } from '../EmptyState'
import { type Change, CHANGE_WORDS } from './compare'
import classes from './FlowGraph.module.css'
import type { GraphModel, GraphNode } from './model'
import { nodeIcon } from './nodeIcon'
import { useLayout } from './useLayout'

/** What a node shows of a run. */
export interface NodeMark {
  status: string | null
  note?: string
  /** What became of it from one version to another; null = it is the same. */
  change?: Change | null
}

interface Data extends Record<string, unknown> {
  node: GraphNode
  mark: NodeMark | null
}

const MANY = 300
const PLAIN_BELOW = 100

const FlowNode = memo(function FlowNode({ data, selected }: NodeProps<Node<Data>>) {
  const { node, mark } = data
  const look = mark?.status ? statusLook(mark.status) : null
  const Status = look?.icon
  return (
    <div
      className={classes.node}
      data-tone={look?.tone}
      data-loop={node.isLoop || undefined}
      data-selected={selected || undefined}
      data-idle={(mark && !mark.status && mark.change === undefined) || undefined}
      data-change={mark?.change ?? undefined}
    >
      <Handle type="target" position={Position.Left} className={classes.handle} isConnectable={false} />
      <div className={classes.line}>
        <span className={classes.icon}>{createElement(nodeIcon(node.type), { size: 16, 'aria-hidden': true })}</span>
        <span className={classes.names}>
          <span className={classes.name}>{safeText(node.name).slice(0, 80)}</span>
          <span className={classes.type}>
            {mark?.change && <span className={classes.change}>{CHANGE_WORDS[mark.change].word} </span>}
            {mark?.note ?? node.type}
          </span>
        </span>
        {Status && <Status size={16} className={classes.status} aria-hidden />}
        {mark?.change && (
          <span className={classes.sign} aria-hidden>
            {CHANGE_WORDS[mark.change].sign}
          </span>
        )}
      </div>
      <Handle type="source" position={Position.Right} className={classes.handle} isConnectable={false} />
    </div>
  )
})

const nodeTypes = { flow: FlowNode }

const spoken = (node: GraphNode, mark: NodeMark | undefined) =>
  [node.name, node.type, mark?.status ? statusLook(mark.status).word : null, mark?.change, mark?.note]
    .filter(Boolean)
    .join(', ')

function nodesOf(
  model: GraphModel,
  places: Record<string, Place>,
  marks: Props['marks'],
  chosen?: string | null,
): Node<Data>[] {
  return model.nodes.flatMap((node) => {
    const place = places[node.id]
    if (!place) return []
    return [
      {
        id: node.id,
        type: 'flow',
        position: { x: place.x, y: place.y },
        width: place.width,
        height: place.height,
        ...(node.parent ? { parentId: node.parent } : {}),
        data: { node, mark: marks ? (marks[node.id] ?? { status: null }) : null },
        selected: node.id === chosen,
        draggable: false,
        connectable: false,
        ariaLabel: spoken(node, marks?.[node.id]),
      },
    ]
  })
}

const labelOf = (port: string, change: Change | undefined) =>
  [change && CHANGE_WORDS[change].sign, port === 'main' ? null : safeText(port).slice(0, 30)].filter(Boolean).join(' ')

function edgesOf(model: GraphModel, marks: Props['marks'], changes: Props['changedEdges']): Edge[] {
  const hasRun = (id: string) => Boolean(marks?.[id]?.status)
  return model.edges.map((edge) => {
    const isTaken = hasRun(edge.from) && hasRun(edge.to)
    return {
      id: edge.id,
      source: edge.from,
      target: edge.to,
      type: 'smoothstep',
      label: labelOf(edge.port, changes?.[edge.id]) || undefined,
      focusable: false,
      markerEnd: { type: MarkerType.ArrowClosed, width: 14, height: 14, color: 'var(--edge)' },
      className: [
        isTaken ? classes.taken : classes.edge,
        edge.kind === 'compensate' ? classes.undo : '',
        changes?.[edge.id] ? classes[`edge-${changes[edge.id]}`] : '',
      ].join(' '),
    }
  })
}

interface Props {
  model: GraphModel
  /** By node id. Without it the graph is of a definition, and nodes have no status. */
  marks?: Record<string, NodeMark>
  /** By edge id, of two versions drawn as one. */
  changedEdges?: Record<string, Change>
  chosen?: string | null
  onChoose?: (id: string | null) => void
  label: string
}

/** A definition as a graph to look at. */
export default function FlowGraph({ model, marks, changedEdges, chosen, onChoose, label }: Props) {
  const places = useLayout(model)
  const nodes = useMemo(() => (places ? nodesOf(model, places, marks, chosen) : []), [model, places, marks, chosen])
  const edges = useMemo(() => edgesOf(model, marks, changedEdges), [model, marks, changedEdges])
  if (!places) return <Waiting rows={5} />
  return (
    <div className={classes.canvas} role="region" aria-label={label}>
      <ReactFlowProvider>
        <ReactFlow
          nodes={nodes}
          edges={edges}
          nodeTypes={nodeTypes}
          nodesDraggable={false}
          nodesConnectable={false}
          edgesFocusable={false}
          deleteKeyCode={null}
          fitView
          fitViewOptions={{ maxZoom: 1, padding: 0.12 }}
          minZoom={0.05}
          maxZoom={1.6}
          onlyRenderVisibleElements={model.nodes.length > MANY}
          proOptions={{ hideAttribution: true }}
          onNodeClick={(_, node) => onChoose?.(node.id)}
          onPaneClick={() => onChoose?.(null)}
          onNodesChange={(changes) => {
            for (const change of changes) if (change.type === 'select' && change.selected) onChoose?.(change.id)
          }}
        >
          {model.nodes.length < PLAIN_BELOW && (
            <Background variant={BackgroundVariant.Dots} gap={20} size={1.2} color="var(--line-strong)" />
          )}
          <Controls showInteractive={false} />
        </ReactFlow>
      </ReactFlowProvider>
    </div>
  )
}
