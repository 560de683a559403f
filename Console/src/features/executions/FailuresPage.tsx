import { CircleCheck } from 'lucide-react'
import { useMemo } from 'react'
import { serverNow } from '../../api/client'
import { useApi } from '../../api/queries'
import { Go, useParamsOfUrl } from '../../app/links'
import { sinceMoment, useZone } from '../../app/time'
import { type Column, DataTable } from '../../ui/DataTable'
import { EmptyState } from '../../ui/EmptyState'
import { type Filter, FilterBar, NoMatch } from '../../ui/FilterBar'
import { Page } from '../../ui/Page'
import { safeText } from '../../ui/safe'
import { SafeText } from '../../ui/SafeText'
import { TimeText } from '../../ui/TimeText'
import { useWorkflowNames } from '../../ui/useWorkflowNames'
import { type FailureGroup, type FailureGroups, trendOf } from './failures'
import classes from './Failures.module.css'
import { text } from './text'

const DAYS = 14
const RANGES = [
  { value: '24h', label: 'Last 24 hours' },
  { value: '7d', label: 'Last 7 days' },
  { value: '30d', label: 'Last 30 days' },
]

function Trend({ counts }: { counts: number[] }) {
  const most = Math.max(...counts, 1)
  return (
    <span className={classes.trend} role="img" aria-label={`By day, oldest first: ${counts.join(', ')}`}>
      {counts.map((count, index) => (
        <span
          key={index}
          style={{ blockSize: `${Math.round((count / most) * 100)}%` }}
          data-none={count === 0 || undefined}
        />
      ))}
    </span>
  )
}

const runsOf = (group: FailureGroup) => {
  const query = new URLSearchParams({ status: 'failed,timed_out', workflow: group.workflowId })
  if (group.code) query.set('error_code', group.code)
  return `/executions?${query}`
}

const columns = (to: string): Column<FailureGroup>[] => [
  {
    key: 'count',
    title: 'Failures',
    width: '86px',
    align: 'end',
    render: (one) => <strong>{one.count.toLocaleString('en')}</strong>,
  },
  {
    key: 'message',
    title: 'What went wrong',
    width: 'minmax(0, 2fr)',
    render: (one) => (
      <span className={classes.cause}>
        <code>{safeText(one.code ?? '–')}</code> <SafeText most={160}>{one.message ?? ''}</SafeText>
      </span>
    ),
  },
  {
    key: 'workflow',
    title: 'Workflow',
    width: 'minmax(0, 1fr)',
    from: 560,
    render: (one) => <SafeText most={60}>{one.workflowName ?? 'deleted'}</SafeText>,
  },
  {
    key: 'node',
    title: 'Step',
    width: 'minmax(0, 120px)',
    from: 760,
    render: (one) => <SafeText most={40}>{one.nodeId ?? '–'}</SafeText>,
  },
  {
    key: 'trend',
    title: `${DAYS} days`,
    width: '120px',
    from: 900,
    render: (one) => <Trend counts={trendOf(one, to, DAYS)} />,
  },
  {
    key: 'open',
    title: 'Not resolved',
    width: '100px',
    align: 'end',
    from: 680,
    render: (one) => one.open.toLocaleString('en'),
  },
  { key: 'last', title: 'Last', width: '100px', render: (one) => <TimeText at={one.lastAt} relative /> },
]

/** Failures that look the same, put together: what to repair first, and what was repaired before. */
export default function FailuresPage() {
  const [params] = useParamsOfUrl()
  const zone = useZone()
  const names = useWorkflowNames()
  const filters: Filter[] = [
    { name: 'workflow', label: 'Workflow', width: 190, options: names.options },
    { name: 'from', label: 'Last 7 days', options: RANGES },
    { name: 'resolved', label: 'Not resolved only', options: [{ value: 'true', label: 'Resolved ones, too' }] },
  ]
  const from = useMemo(() => sinceMoment(params.from ?? '7d', serverNow(), zone), [params.from, zone])
  const found = useApi<FailureGroups>('/executions/failures', {
    workflow: params.workflow,
    from,
    resolved: params.resolved,
    limit: 100,
  })
  const groups = found.data?.groups ?? []
  return (
    <Page title={text.failures} sub={text.failuresText}>
      <FilterBar filters={filters} />
      {found.data?.capped && <p className={classes.note}>{text.failuresCapped(found.data.looked)}</p>}
      <DataTable
        label={text.failures}
        list={{ items: groups, isLoading: found.isLoading, error: found.error, reload: () => void found.refetch() }}
        columns={columns(found.data?.to ?? new Date(serverNow()).toISOString())}
        rowKey={(one) => `${one.workflowId}${one.nodeId}${one.code}${one.fingerprint}`}
        href={(one) => `/executions/${one.newestId}`}
        actions={(one) => <Go href={runsOf(one)}>All runs</Go>}
        actionsWidth="76px"
        empty={
          params.workflow || params.resolved ? (
            <NoMatch filters={filters} />
          ) : (
            <EmptyState icon={CircleCheck} title={text.noFailures}>
              {text.noFailuresText}
            </EmptyState>
          )
        }
      />
    </Page>
  )
}
