import type { ExecutionView, NodeSummary } from '../../api/schema.gen'
import { durationText } from '../../app/time'
import type { NodeMark } from '../../ui/graph/FlowGraph'

function statusOf(node: NodeSummary, failedAt: string | undefined, isOver: boolean): string {
  if (node.waiting > 0) return 'waiting'
  if (node.nodeId === failedAt) return 'failed'
  if (node.failed > 0 && node.completed === 0) return isOver ? 'failed' : 'running'
  if (node.completed > 0) return 'completed'
  if (node.cancelled > 0) return 'cancelled'
  return 'running'
}

function noteOf(node: NodeSummary): string {
  const all = node.completed + node.failed + node.cancelled
  const parts: string[] = []
  if (all > 1) parts.push(`${node.completed.toLocaleString('en')} of ${all.toLocaleString('en')} ok`)
  if (node.failed > 0) parts.push(`${node.failed.toLocaleString('en')} failed`)
  if (node.waiting > 0) parts.push(node.waiting > 1 ? `${node.waiting} wait` : 'waits')
  else if (node.maxMs !== null) parts.push(all > 1 ? `max ${durationText(node.maxMs)}` : durationText(node.maxMs))
  return parts.join(' · ')
}

/** What the graph shows of each node that has done something. */
export function marksOf(nodes: NodeSummary[], run: ExecutionView | undefined): Record<string, NodeMark> {
  const failedAt = (run?.error as { node?: string } | null | undefined)?.node
  const marks: Record<string, NodeMark> = {}
  for (const node of nodes) {
    marks[node.nodeId] = { status: statusOf(node, failedAt, Boolean(run?.finishedAt)), note: noteOf(node) }
  }
  return marks
}
