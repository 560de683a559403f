import { ArrowRight, CircleX, Hourglass } from 'lucide-react'
import type { ReactNode } from 'react'
import type { ExecutionView } from '../../api/schema.gen'
import { Go } from '../../app/links'
import { Facts } from '../../ui/Page'
import { SafeText } from '../../ui/SafeText'
import { Duration, TimeText } from '../../ui/TimeText'
import classes from './Run.module.css'

interface RunError {
  code?: string
  message?: string
  node?: string
  compensation?: { completed?: number; failed?: number }
}

function Trigger({ run }: { run: ExecutionView }) {
  const trigger = run.trigger as { eventId?: string; ruleId?: string; scheduleId?: string } | null
  if (run.parentExecutionId) return <Go href={`/executions/${run.parentExecutionId}`}>another run</Go>
  if (trigger?.eventId) return <Go href={`/executions/${run.id}?tab=lineage`}>{run.triggerType}</Go>
  return <>{run.triggerType}</>
}

/** The first thing to know: why it stands still and what comes next, or what it failed for. */
export function RunHead({ run, onNode }: { run: ExecutionView; onNode: (node: string) => void }) {
  const error = run.error as RunError | null
  const facts: [string, ReactNode][] = [
    ['Started', <TimeText key="s" at={run.startedAt ?? run.queuedAt} detail="millisecond" />],
    [
      run.finishedAt ? 'Took' : 'For',
      <Duration key="d" ms={run.finishedAt ? run.durationMs : null} since={run.startedAt} />,
    ],
    ['Trigger', <Trigger key="t" run={run} />],
    [
      'By',
      <SafeText key="b" most={60}>
        {run.createdBy ?? '–'}
      </SafeText>,
    ],
  ]
  if (run.correlationId)
    facts.push([
      'Correlation',
      <SafeText key="c" most={80}>
        {run.correlationId}
      </SafeText>,
    ])
  if (run.attempt > 1) facts.push(['Attempt', run.attempt])
  if (run.forkedFrom)
    facts.push([
      'Rerun of',
      <span key="f">
        <Go href={`/executions/${run.forkedFrom}`}>{run.forkedFrom.slice(0, 13)}…</Go>{' '}
        <Go href={`/executions/${run.forkedFrom}/compare/${run.id}`}>compare</Go>
      </span>,
    ])
  if (run.concurrency) facts.push(['Limit', `${run.concurrency.limit} at once`])
  if (run.rowsProcessed > 0) facts.push(['Rows', run.rowsProcessed.toLocaleString('en')])
  return (
    <div className={classes.head}>
      {error && run.status !== 'completed' && (
        <div className={classes.failure} role="status">
          <CircleX size={17} aria-hidden />
          <div>
            <strong>{error.code}</strong> <SafeText most={600}>{error.message}</SafeText>
            {error.compensation && (
              <span className={classes.dim}>
                {' '}
                {error.compensation.completed ?? 0} steps were undone
                {(error.compensation.failed ?? 0) > 0 && `, ${error.compensation.failed} could not be`}.
              </span>
            )}
          </div>
          {error.node && (
            <button type="button" className={classes.linkButton} onClick={() => onNode(error.node ?? '')}>
              <SafeText most={60}>{error.node}</SafeText> <ArrowRight size={13} aria-hidden />
            </button>
          )}
        </div>
      )}
      {run.next && (
        <div className={classes.next} role="status">
          <Hourglass size={16} aria-hidden />
          <div>
            <SafeText most={400}>{run.next.reason}</SafeText>
            {run.next.dueAt && (
              <span className={classes.dim}>
                {' '}
                until <TimeText at={run.next.dueAt} />
              </span>
            )}
          </div>
        </div>
      )}
      {run.resolution && (
        <div className={classes.dim}>
          Marked resolved by <SafeText>{run.resolution.by}</SafeText> <TimeText at={run.resolution.at} relative />
          {run.resolution.comment && (
            <>
              : <SafeText>{run.resolution.comment}</SafeText>
            </>
          )}
        </div>
      )}
      {run.stopReason && !run.finishedAt && (
        <div className={classes.dim}>
          {run.stopRequest}: <SafeText>{run.stopReason}</SafeText>
        </div>
      )}
      <Facts items={facts} />
    </div>
  )
}
