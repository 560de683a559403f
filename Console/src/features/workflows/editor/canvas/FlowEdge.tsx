import { BaseEdge, type Edge, EdgeLabelRenderer, type EdgeProps, getBezierPath } from '@xyflow/react'
import { Plus, Trash2 } from 'lucide-react'
import { memo, useRef, useState } from 'react'
import { useActs } from '../acts'
import { type EdgeDef, portOf } from '../model/definition'
import { ERROR } from '../model/nodeTypes'
import { NODE_WIDTH } from '../model/sizes'
import { useEditorContext } from '../context'
import { text } from '../text'
import { classes } from './classes'

const LINGER_MS = 250

type FlowEdgeType = Edge<{ edge: EdgeDef }>

export const FlowEdge = memo(function FlowEdge(props: EdgeProps<FlowEdgeType>) {
  const { data, selected, markerEnd } = props
  const [isNear, setNear] = useState(false)
  const leaving = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)
  const { mayEdit } = useEditorContext()
  const acts = useActs()
  const [path, x, y] = getBezierPath({ ...props, curvature: 0.35 })
  const edge = data?.edge
  const near = () => {
    clearTimeout(leaving.current)
    setNear(true)
  }
  const far = () => {
    leaving.current = setTimeout(() => setNear(false), LINGER_MS)
  }
  const isError = edge ? portOf(edge) === ERROR : false
  return (
    // The mouse finds the edge's buttons here; the keyboard has C, A and Delete instead.
    <g
      onMouseEnter={near}
      onMouseLeave={far}
      data-near={isNear || undefined}
      data-error={isError || undefined}
      className={classes.edge}
      data-selected={selected || undefined}
    >
      <BaseEdge path={path} markerEnd={markerEnd} interactionWidth={22} />
      {edge && mayEdit && (isNear || selected) && (
        <EdgeLabelRenderer>
          <div
            className={`${classes.edgeTools} nodrag nopan`}
            style={{ transform: `translate(-50%, -50%) translate(${x}px, ${y}px)` }}
            onMouseEnter={near}
            onMouseLeave={far}
          >
            <button
              type="button"
              tabIndex={-1}
              aria-label={text.insert}
              title={text.insert}
              onClick={() => acts.palette({ into: edge })}
            >
              <Plus size={14} aria-hidden />
            </button>
            <button
              type="button"
              tabIndex={-1}
              aria-label={text.disconnect}
              title={text.disconnect}
              onClick={() => acts.cut(edge.from, portOf(edge), edge.to)}
            >
              <Trash2 size={13} aria-hidden />
            </button>
          </div>
        </EdgeLabelRenderer>
      )}
    </g>
  )
})

const HALF_WIDTH = NODE_WIDTH / 2
const HALF_HEIGHT = 28

/** From the foot of a node to the head of the one that undoes it. */
export const UndoEdge = memo(function UndoEdge({ sourceX, sourceY, targetX, targetY }: EdgeProps) {
  const [x, y] = [sourceX - HALF_WIDTH, sourceY + HALF_HEIGHT]
  const [endX, endY] = [targetX + HALF_WIDTH, targetY - HALF_HEIGHT]
  return (
    <path
      d={`M ${x} ${y} C ${x} ${y + 46}, ${endX} ${endY - 46}, ${endX} ${endY}`}
      className={classes.undoEdge}
      aria-hidden
    />
  )
})
