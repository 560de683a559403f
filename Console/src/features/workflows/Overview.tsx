import { lazy, Suspense, useMemo } from 'react'
import { serverNow } from '../../api/client'
import { useApi } from '../../api/queries'
import type { WorkflowStatsView, WorkflowView } from '../../api/schema.gen'
import { hrefOf, useGo } from '../../app/links'
import { useMay } from '../../app/permissions'
import { durationText } from '../../app/time'
import { Waiting } from '../../ui/EmptyState'
import { ErrorBox } from '../../ui/ErrorBox'
import { modelOf } from '../../ui/graph/model'
import { barsOf, HourBars } from '../../ui/HourBars'
import { Markdown } from '../../ui/Markdown'
import { Facts, Panel } from '../../ui/Page'
import { countText } from '../../ui/safe'
import { TimeText } from '../../ui/TimeText'
import classes from './Workflows.module.css'

const FlowGraph = lazy(() => import('../../ui/graph/FlowGraph'))
const WEEK = 7 * 24 * 3_600_000

function Figures({ id }: { id: string }) {
  const go = useGo()
  const range = useMemo(() => {
    const to = Math.ceil(serverNow() / 3_600_000) * 3_600_000
    return { from: to - WEEK, to }
  }, [])
  const stats = useApi<WorkflowStatsView>(
    `/workflows/${id}/stats`,
    { from: new Date(range.from).toISOString() },
    { keep: false },
  )
  const total = stats.data?.total
  return (
    <Panel title="Last 7 days">
      <ErrorBox error={stats.error} retry={() => void stats.refetch()} />
      {total && (
        <>
          <div className={classes.figures}>
            <span>
              <strong>{total.executions.toLocaleString('en')}</strong> ended
            </span>
            <span>
              <strong>{total.successRate === null ? '–' : `${(total.successRate * 100).toFixed(1)} %`}</strong>{' '}
              completed
            </span>
            <span>
              <strong>{total.p50Ms === null ? '–' : durationText(total.p50Ms)}</strong> median
            </span>
            <span>
              <strong>{total.p95Ms === null ? '–' : durationText(total.p95Ms)}</strong> p95
            </span>
          </div>
          <HourBars
            label="What ended in the last 7 days"
            bars={barsOf(stats.data?.hours ?? [], range.from, range.to)}
            onPick={(bar) => go(hrefOf('/executions', { workflow: id, from: bar.from, to: bar.to }))}
          />
        </>
      )}
    </Panel>
  )
}

export function Overview({ workflow }: { workflow: WorkflowView }) {
  const may = useMay()
  const model = useMemo(() => modelOf(workflow.definition), [workflow.definition])
  return (
    <>
      {workflow.description && (
        <Panel>
          <Markdown>{workflow.description}</Markdown>
        </Panel>
      )}
      <Panel title={`Graph of the draft, ${countText(model.nodes.length, 'node')}`} flush>
        <div className={classes.graph}>
          <Suspense fallback={<Waiting rows={4} />}>
            <FlowGraph model={model} label={`Graph of ${workflow.name}`} />
          </Suspense>
        </div>
      </Panel>
      {may('executions.read') && <Figures id={workflow.id} />}
      <Panel title="About">
        <Facts
          items={[
            ['Id', <code key="i">{workflow.id}</code>],
            ['Environment', workflow.environment],
            ['Published', <TimeText key="p" at={workflow.publishedAt} none="never" />],
            ['Made', <TimeText key="c" at={workflow.createdAt} />],
            ['Changed', <TimeText key="u" at={workflow.updatedAt} />],
            ['Checked out until', <TimeText key="k" at={workflow.checkedOutUntil} none="nobody holds it" />],
          ]}
        />
      </Panel>
    </>
  )
}
