import { Switch } from '@mantine/core'
import { useMemo, useState } from 'react'
import { serverNow } from '../../api/client'
import { useList } from '../../api/queries'
import type { ExecutionView, NodeSummary, StepItem } from '../../api/schema.gen'
import { durationText } from '../../app/time'
import { EmptyState, Waiting } from '../../ui/EmptyState'
import { ErrorBox } from '../../ui/ErrorBox'
import type { GraphModel } from '../../ui/graph/model'
import { Panel } from '../../ui/Page'
import { SafeText } from '../../ui/SafeText'
import { statusLook } from '../../ui/StatusText'
import classes from './Run.module.css'

interface Row {
  key: string
  node: string
  label: string
  depth: number
  from: number
  to: number
  status: string
  note: string
  step: StepItem | null
}

const FEW = 6

/** One row for each attempt of a node, or one for all rounds of a node that has many. */
export function rowsOf(
  nodes: NodeSummary[],
  steps: StepItem[],
  run: ExecutionView,
  now: number,
  isFailedOnly: boolean,
): Row[] {
  const byNode = new Map<string, StepItem[]>()
  for (const step of steps) byNode.set(step.nodeId, [...(byNode.get(step.nodeId) ?? []), step])
  const rows: Row[] = []
  for (const node of nodes) {
    const own = byNode.get(node.nodeId) ?? []
    const all = node.completed + node.failed + node.cancelled
    if (isFailedOnly && node.failed === 0) continue
    if (all > FEW || own.length < all) {
      rows.push({
        key: node.nodeId,
        node: node.nodeId,
        label: node.nodeId,
        depth: 0,
        from: Date.parse(node.firstAt ?? run.queuedAt),
        to: node.waiting > 0 ? now : Date.parse(node.lastAt ?? run.queuedAt),
        status: node.failed > 0 ? 'failed' : node.waiting > 0 ? 'waiting' : 'completed',
        note: `${all.toLocaleString('en')} attempts, ${node.failed.toLocaleString('en')} failed`,
        step: null,
      })
      continue
    }
    for (const step of own) {
      if (isFailedOnly && step.status !== 'failed') continue
      rows.push({
        key: `${step.nodeId}#${step.iteration}#${step.attempt}#${step.run}`,
        node: step.nodeId,
        label: step.nodeId + (step.iteration ? ` [${step.iteration}]` : ''),
        depth: step.iteration ? step.iteration.split('/').length : 0,
        from: Date.parse(step.startedAt),
        to: Date.parse(step.finishedAt),
        status: step.status,
        note: durationText(step.durationMs) + (step.attempt > 1 ? `, attempt ${step.attempt}` : ''),
        step,
      })
    }
    if (node.waiting > 0) {
      const since = Date.parse(own.at(-1)?.finishedAt ?? node.firstAt ?? run.startedAt ?? run.queuedAt)
      rows.push({
        key: `${node.nodeId}#waits`,
        node: node.nodeId,
        label: node.nodeId,
        depth: 0,
        from: since,
        to: now,
        status: 'waiting',
        note: `waits for ${durationText(now - since)}`,
        step: null,
      })
    }
  }
  return rows.sort((a, b) => a.from - b.from || a.to - b.to)
}

interface Props {
  run: ExecutionView
  nodes: NodeSummary[]
  model: GraphModel | null
  chosen?: string
  onChoose: (node: string, iteration: string | null, attempt: string | null) => void
}

export function TimelineTab({ run, nodes, model, chosen, onChoose }: Props) {
  const [isFailedOnly, setFailedOnly] = useState(false)
  const steps = useList<StepItem>(`/executions/${run.id}/steps`)
  const now = run.finishedAt ? Date.parse(run.finishedAt) : serverNow()
  const rows = useMemo(
    () => rowsOf(nodes, steps.items, run, now, isFailedOnly),
    [nodes, steps.items, run, now, isFailedOnly],
  )
  const names = useMemo(() => new Map(model?.nodes.map((node) => [node.id, node.name])), [model])
  const start = Date.parse(run.queuedAt)
  const end = Math.max(start + 1, now, ...rows.map((row) => row.to))
  const place = (at: number) => `${(100 * (at - start)) / (end - start)}%`
  if (steps.isLoading) return <Waiting />
  const queued = run.startedAt ? Date.parse(run.startedAt) : now
  return (
    <Panel
      flush
      title={`${durationText(end - start)} in all`}
      actions={
        <Switch
          size="xs"
          label="Failed only"
          checked={isFailedOnly}
          onChange={(event) => setFailedOnly(event.currentTarget.checked)}
        />
      }
    >
      <ErrorBox error={steps.error} retry={steps.reload} />
      {rows.length === 0 && <EmptyState title={isFailedOnly ? 'No step failed' : 'No step has run yet'} />}
      <ol className={classes.timeline} aria-label="Steps by time">
        {!isFailedOnly && queued - start > 0 && (
          <li className={classes.trackRow}>
            <span className={classes.trackName}>in the queue</span>
            <span className={classes.track}>
              <span
                className={classes.bar}
                data-tone="idle"
                data-kind="queued"
                style={{ insetInlineStart: 0, width: place(queued) }}
              />
            </span>
            <span className={classes.trackNote}>{durationText(queued - start)}</span>
          </li>
        )}
        {rows.map((row) => (
          <li key={row.key}>
            <button
              type="button"
              className={classes.trackRow}
              data-chosen={row.node === chosen || undefined}
              aria-label={`${names.get(row.node) ?? row.label}, ${statusLook(row.status).word}, ${row.note}`}
              onClick={() =>
                onChoose(row.node, row.step?.iteration || null, row.step ? String(row.step.attempt) : null)
              }
            >
              <span className={classes.trackName} data-depth={row.depth}>
                <SafeText most={50}>
                  {(names.get(row.node) ?? row.node) + (row.step?.iteration ? ` [${row.step.iteration}]` : '')}
                </SafeText>
              </span>
              <span className={classes.track}>
                <span
                  className={classes.bar}
                  data-tone={statusLook(row.status).tone}
                  data-kind={row.status === 'waiting' ? 'waiting' : 'ran'}
                  style={{
                    insetInlineStart: place(row.from),
                    width: `max(3px, calc(${place(row.to)} - ${place(row.from)}))`,
                  }}
                />
              </span>
              <span className={classes.trackNote}>{row.note}</span>
            </button>
          </li>
        ))}
      </ol>
      {steps.hasMore && (
        <button type="button" className={classes.more} onClick={steps.loadMore}>
          Load more steps: {steps.items.length.toLocaleString('en')} are here
        </button>
      )}
    </Panel>
  )
}
