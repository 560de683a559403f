import { Handle, type Node, type NodeProps, Position } from '@xyflow/react'
import { ChevronDown, ChevronRight, Pin, Plus, TriangleAlert } from 'lucide-react'
import { memo } from 'react'
import { NodeIcon } from '../../../../ui/graph/NodeIcon'
import { statusLook } from '../../../../ui/StatusText'
import { useActs } from '../acts'
import { useEditorContext } from '../context'
import { text } from '../text'
import { ERROR } from '../model/nodeTypes'
import type { FlowData, Port } from './drawing'
import { classes } from './classes'

const SHORT = 16

function Exit({ id, port, shows, isUndo }: { id: string; port: Port; shows: boolean; isUndo: boolean }) {
  const acts = useActs()
  const { mayEdit } = useEditorContext()
  const isError = port.name === ERROR
  const place = isError ? {} : { top: port.at }
  return (
    <>
      <Handle
        id={port.name}
        type="source"
        position={isError ? Position.Bottom : Position.Right}
        className={classes.exit}
        style={place}
        data-error={isError || undefined}
        data-wired={port.isWired || undefined}
        data-unknown={!port.isKnown || undefined}
        title={port.name}
      />
      {!isError && (
        <span className={classes.port} style={place} data-wired={port.isWired || undefined}>
          {shows && <span className={classes.portName}>{port.name.slice(0, SHORT)}</span>}
          {!port.isWired && !isUndo && mayEdit && (
            <>
              <span className={classes.stub} />
              <button
                type="button"
                tabIndex={-1}
                className={`${classes.plus} nodrag nopan`}
                aria-label={text.addAt(port.name)}
                title={text.addAt(port.name)}
                onClick={(event) => {
                  event.stopPropagation()
                  acts.palette({ after: { id, port: port.name } })
                }}
              >
                <Plus size={13} aria-hidden />
              </button>
            </>
          )}
        </span>
      )}
    </>
  )
}

function Fold({ data }: { data: FlowData }) {
  const acts = useActs()
  const Icon = data.isFolded ? ChevronRight : ChevronDown
  return (
    <button
      type="button"
      tabIndex={-1}
      className={`${classes.fold} nodrag nopan`}
      aria-label={data.isFolded ? text.unfold : text.fold}
      onClick={(event) => {
        event.stopPropagation()
        acts.fold(data.id)
      }}
    >
      <Icon size={14} aria-hidden />
      {data.inner}
    </button>
  )
}

function EmptyBody({ id }: { id: string }) {
  const acts = useActs()
  const { mayEdit } = useEditorContext()
  if (!mayEdit) return null
  return (
    <button
      type="button"
      tabIndex={-1}
      className={`${classes.emptyBody} nodrag nopan`}
      onClick={(event) => {
        event.stopPropagation()
        acts.palette({ parent: id })
      }}
    >
      <Plus size={14} aria-hidden /> {text.firstInLoop}
    </button>
  )
}

/** A node in plain DOM: hundreds of them have to move at once. */
export const FlowNode = memo(function FlowNode({ data, selected }: NodeProps<Node<FlowData>>) {
  const look = data.mark ? statusLook(data.mark.status) : null
  const Status = look?.icon
  const forward = data.ports.filter((port) => port.name !== ERROR)
  const isOpen = data.isGroup && !data.isFolded
  return (
    <div
      className={classes.node}
      data-node
      data-tone={look?.tone}
      data-category={data.category}
      data-group={isOpen || undefined}
      data-selected={selected || undefined}
      data-problems={data.problems > 0 || undefined}
      data-stale={data.isStale || undefined}
      data-undo={data.isUndo || undefined}
    >
      {data.hasEntry && (
        <Handle type="target" position={Position.Left} className={classes.entry} style={{ top: data.entry }} />
      )}
      <div className={classes.line}>
        <span className={classes.icon}>
          <NodeIcon type={data.typeName} size={17} />
        </span>
        <span className={classes.names}>
          <span className={classes.name}>{data.name}</span>
          <span className={classes.type}>{data.mark?.note ?? (data.isStale ? text.stale : data.typeName)}</span>
        </span>
        {data.isPinned && <Pin size={14} className={classes.pin} aria-hidden />}
        {data.problems > 0 && (
          <span className={classes.badge} title={text.problemCount(data.problems)}>
            <TriangleAlert size={12} aria-hidden />
            {data.problems > 1 && data.problems}
          </span>
        )}
        {Status && <Status size={16} className={classes.status} aria-hidden />}
        {data.isGroup && <Fold data={data} />}
      </div>
      {isOpen && data.inner === 0 && <EmptyBody id={data.id} />}
      {data.ports.map((port) => (
        <Exit
          key={port.name}
          id={data.id}
          port={port}
          isUndo={data.isUndo}
          shows={port.name !== 'main' || forward.length > 1}
        />
      ))}
    </div>
  )
})
