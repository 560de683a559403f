import { Button, SegmentedControl } from '@mantine/core'
import { CalendarClock, CheckCheck, CircleDot, CircleX, type LucideIcon, Workflow } from 'lucide-react'
import { type ReactNode, useMemo, useState } from 'react'
import { serverNow } from '../../api/client'
import { queryClient, useApi } from '../../api/queries'
import type {
  ApprovalItemView,
  ExecutionItem,
  ExecutionStatsView,
  ScheduleItem,
  WorkflowItem,
} from '../../api/schema.gen'
import { Go, hrefOf, useGo } from '../../app/links'
import { useMay } from '../../app/permissions'
import { usePolling, useTopic } from '../../app/socket'
import { durationText, sinceMoment, useZone } from '../../app/time'
import { EmptyState, Waiting } from '../../ui/EmptyState'
import { ErrorBox } from '../../ui/ErrorBox'
import { barsOf, HourBars } from '../../ui/HourBars'
import { Page, Panel } from '../../ui/Page'
import { SafeText } from '../../ui/SafeText'
import { StatusText } from '../../ui/StatusText'
import { TimeText } from '../../ui/TimeText'
import { FirstWorkflow } from './FirstWorkflow'
import classes from './Home.module.css'
import { text } from './text'

const MOST = 100

function Card({
  href,
  icon: Icon,
  label,
  children,
  tone,
}: {
  href: string
  icon: LucideIcon
  label: string
  tone: string
  children: ReactNode
}) {
  return (
    <Go href={href} className={classes.card} data-tone={tone}>
      <span className={classes.cardIcon}>
        <Icon size={17} aria-hidden />
      </span>
      <span className={classes.cardLabel}>{label}</span>
      <span className={classes.cardValue}>{children}</span>
    </Go>
  )
}

const counted = (items: unknown[] | undefined) =>
  items === undefined ? '…' : items.length >= MOST ? `${MOST}+` : String(items.length)

function Cards() {
  const may = useMay()
  const zone = useZone()
  const every = usePolling(10_000)
  const since = useMemo(() => sinceMoment('yesterday', serverNow(), zone), [zone])
  const canRead = may('executions.read')
  const stats = useApi<ExecutionStatsView>(canRead ? '/executions/stats' : null, undefined, { every })
  const failed = useApi<ExecutionItem[]>(canRead ? '/executions' : null, {
    status: 'failed,timed_out',
    from: since,
    per_page: MOST,
  })
  const mine = useApi<ApprovalItemView[]>(may('approvals.read') ? '/approvals' : null, {
    scope: 'mine',
    state: 'open',
    per_page: MOST,
  })
  const schedules = useApi<ScheduleItem[]>(may('schedules.read') ? '/schedules' : null, {
    enabled: true,
    per_page: MOST,
  })
  const next = schedules.data
    ?.filter((one) => one.nextFireAt)
    .sort((a, b) => (a.nextFireAt ?? '').localeCompare(b.nextFireAt ?? ''))[0]
  const live = stats.data?.live
  return (
    <div className={classes.cards}>
      {canRead && (
        <Card href="/executions?status=active" icon={CircleDot} label={text.running} tone="run">
          {live ? live.running + live.queued : '…'}
          <small>
            {live && live.waiting > 0 && `${live.waiting} waiting `}
            {live && live.held > 0 && `${live.held} held`}
          </small>
        </Card>
      )}
      {may('approvals.read') && (
        <Card href="/approvals" icon={CheckCheck} label={text.waitingForMe} tone="wait">
          {counted(mine.data)}
        </Card>
      )}
      {canRead && (
        <Card href="/executions?status=failed,timed_out&from=yesterday" icon={CircleX} label={text.failed} tone="bad">
          {counted(failed.data)}
        </Card>
      )}
      {may('schedules.read') && (
        <Card href="/schedules" icon={CalendarClock} label={text.next} tone="pause">
          {next ? <TimeText at={next.nextFireAt} relative /> : '–'}
          <small>{next ? <SafeText most={40}>{next.name}</SafeText> : text.noFire}</small>
        </Card>
      )}
    </div>
  )
}

const SPANS: Record<string, number> = { '24h': 24, '7d': 24 * 7, '30d': 24 * 30 }

function Throughput() {
  const [span, setSpan] = useState('24h')
  const go = useGo()
  const hours = SPANS[span] ?? 24
  const range = useMemo(() => {
    const to = Math.ceil(serverNow() / 3_600_000) * 3_600_000
    return { from: to - hours * 3_600_000, to }
  }, [hours])
  const stats = useApi<ExecutionStatsView>('/executions/stats', { from: new Date(range.from).toISOString() })
  const ended = stats.data?.ended
  return (
    <Panel
      title={text.throughput}
      actions={
        <SegmentedControl
          aria-label="Time shown"
          value={span}
          onChange={setSpan}
          data={Object.keys(SPANS).map((value) => ({ value, label: value.replace(/(\d+)/, '$1 ') }))}
        />
      }
    >
      <ErrorBox error={stats.error} retry={() => void stats.refetch()} />
      {ended && (
        <div className={classes.figures}>
          <span>
            <strong>{ended.executions.toLocaleString('en')}</strong> ended
          </span>
          <span>
            <strong>{ended.successRate === null ? '–' : `${(ended.successRate * 100).toFixed(1)} %`}</strong> completed
          </span>
          <span>
            <strong>{ended.p50Ms === null ? '–' : durationText(ended.p50Ms)}</strong> median
          </span>
          <span>
            <strong>{ended.p95Ms === null ? '–' : durationText(ended.p95Ms)}</strong> p95
          </span>
        </div>
      )}
      {stats.data && (
        <HourBars
          label={text.throughput}
          bars={barsOf(stats.data.hours, range.from, range.to)}
          onPick={(bar) => go(hrefOf('/executions', { from: bar.from, to: bar.to }))}
        />
      )}
    </Panel>
  )
}

function Failures() {
  const every = usePolling(30_000)
  const from = useMemo(() => sinceMoment('7d', serverNow(), 'UTC'), [])
  const failed = useApi<ExecutionItem[]>('/executions', { status: 'unsuccessful', from, per_page: 10 }, { every })
  return (
    <Panel title={text.failures} actions={<Go href="/executions?status=unsuccessful">All</Go>} flush>
      {failed.isLoading && <Waiting rows={4} />}
      <ErrorBox error={failed.error} retry={() => void failed.refetch()} />
      {failed.data?.length === 0 && <p className={classes.none}>{text.noFailures}</p>}
      <ul className={classes.list}>
        {failed.data?.map((run) => (
          <li key={run.id}>
            <Go href={`/executions/${run.id}`} className={classes.item}>
              <StatusText status={run.status} />
              <span className={classes.itemName}>
                <SafeText most={80}>{run.workflowName ?? 'A deleted workflow'}</SafeText>
              </span>
              <code className={classes.code}>{run.errorCode}</code>
              <span className={classes.when}>
                <TimeText at={run.finishedAt ?? run.queuedAt} relative />
              </span>
            </Go>
          </li>
        ))}
      </ul>
    </Panel>
  )
}

function Recent() {
  const go = useGo()
  const recent = useApi<WorkflowItem[]>('/workflows', { sort: '-updatedAt', per_page: 10 })
  return (
    <Panel title={text.recent} actions={<Go href="/workflows">All</Go>} flush>
      {recent.isLoading && <Waiting rows={4} />}
      <ErrorBox error={recent.error} retry={() => void recent.refetch()} />
      {recent.data?.length === 0 && (
        <EmptyState
          icon={Workflow}
          title={text.emptyTitle}
          action={<Button onClick={() => go('/workflows')}>{text.firstWorkflow}</Button>}
        >
          {text.emptyText}
        </EmptyState>
      )}
      <ul className={classes.list}>
        {recent.data?.map((workflow) => (
          <li key={workflow.id}>
            <Go href={`/workflows/${workflow.id}`} className={classes.item}>
              <span className={classes.itemName}>
                <SafeText most={80}>{workflow.name}</SafeText>
              </span>
              {workflow.publishedVersion === null && <span className={classes.when}>not published</span>}
              <span className={classes.when}>
                <TimeText at={workflow.updatedAt} relative />
              </span>
            </Go>
          </li>
        ))}
      </ul>
    </Panel>
  )
}

export default function HomePage() {
  const may = useMay()
  useTopic(may('executions.read') ? 'executions' : null, () => {
    void queryClient.invalidateQueries({ queryKey: ['/executions/stats'] })
    void queryClient.invalidateQueries({ queryKey: ['/executions'] })
  })
  return (
    <Page title={text.title}>
      <FirstWorkflow />
      <Cards />
      {may('executions.read') && <Throughput />}
      <div className={classes.two}>
        {may('executions.read') && <Failures />}
        {may('workflows.read') && <Recent />}
      </div>
    </Page>
  )
}
