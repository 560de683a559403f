import { useQuery } from '@tanstack/react-query'
import { useApi } from '../../api/queries'
import type { LiveWorker, QueuesView } from '../../api/schema.gen'
import { useMay } from '../../app/permissions'
import { durationText } from '../../app/time'
import { type Column, DataTable } from '../../ui/DataTable'
import { EmptyState, Waiting } from '../../ui/EmptyState'
import { ErrorBox } from '../../ui/ErrorBox'
import { Page, Panel } from '../../ui/Page'
import { SafeText } from '../../ui/SafeText'
import { StatusText } from '../../ui/StatusText'
import { TimeText } from '../../ui/TimeText'
import classes from './Operations.module.css'
import { text } from './text'

const WORKERS: Column<LiveWorker>[] = [
  { key: 'name', title: 'Worker', render: (one) => <SafeText most={60}>{one.name}</SafeText> },
  { key: 'inFlight', title: 'Runs', width: '80px', align: 'end', render: (one) => one.inFlight },
  {
    key: 'started',
    title: 'Started',
    width: '120px',
    from: 520,
    render: (one) => <TimeText at={one.startedAt} relative />,
  },
  { key: 'beat', title: 'Heard of', width: '120px', render: (one) => <TimeText at={one.heartbeatAt} relative /> },
]

interface Check {
  status: string
  latencyMilliseconds: number
  reason: string | null
}

interface Health {
  status?: string
  checks?: Record<string, Check>
}

async function readHealth(): Promise<Health> {
  const answer = await fetch('/health', { headers: { Accept: 'application/json' } })
  const words = await answer.text()
  try {
    return JSON.parse(words) as Health
  } catch {
    // Behind a proxy that keeps /health to itself there is only the word, if any.
    return { status: answer.ok ? words.slice(0, 40) || 'Healthy' : `HTTP ${answer.status}` }
  }
}

function Counts({ queues }: { queues: QueuesView }) {
  const counts: [string, number][] = [
    ['queued', queues.live.queued],
    ['running', queues.live.running],
    ['waiting', queues.live.waiting],
    ['paused', queues.live.paused],
    ['held', queues.live.held],
  ]
  return (
    <div className={classes.counts}>
      {counts.map(([status, count]) => (
        <div key={status} className={classes.count}>
          <StatusText status={status} />
          <strong>
            {count.toLocaleString('en')}
            {count >= queues.countedUpTo && '+'}
          </strong>
        </div>
      ))}
      <div className={classes.count}>
        <span>Workers</span>
        <strong>{queues.workersActive}</strong>
      </div>
    </div>
  )
}

export default function OperationsPage() {
  const may = useMay()
  const queues = useApi<QueuesView>(may('tenant.manage') ? '/queues' : null, undefined, { every: 3000 })
  const health = useQuery({ queryKey: ['health'], queryFn: readHealth, refetchInterval: 15_000 })
  const deepest = Math.max(1, ...(queues.data?.queues.map((one) => one.depth) ?? []))
  return (
    <Page title={text.title}>
      <ErrorBox error={queues.error} retry={() => void queues.refetch()} />
      {queues.isLoading && <Waiting />}
      {queues.data && (
        <>
          <Counts queues={queues.data} />
          <Panel title="Queues by priority">
            {queues.data.queues.length === 0 && <p className={classes.none}>{text.noQueue}</p>}
            <ul className={classes.queues}>
              {queues.data.queues.map((one) => (
                <li key={one.priority} className={classes.queue}>
                  <span>{one.priority}</span>
                  <span className={classes.track}>
                    <span className={classes.bar} style={{ width: `${(100 * one.depth) / deepest}%` }} />
                  </span>
                  <span>
                    {one.depth.toLocaleString('en')}, the oldest {durationText(one.oldestAgeSeconds * 1000)}
                  </span>
                </li>
              ))}
            </ul>
          </Panel>
          <Panel title="Workers" flush>
            <DataTable
              label="Workers"
              list={{ items: queues.data.workers ?? [], isLoading: false, error: null }}
              columns={WORKERS}
              rowKey={(one) => one.id}
              empty={
                <EmptyState
                  title={queues.data.workersActive > 0 ? 'Who runs the platform sees them' : text.noWorkers}
                />
              }
            />
          </Panel>
        </>
      )}
      <Panel title={text.health}>
        <ErrorBox error={health.error} />
        <ul className={classes.queues}>
          {Object.entries(health.data?.checks ?? {}).map(([name, check]) => (
            <li key={name} className={classes.check}>
              <StatusText status={check.status === 'healthy' ? 'succeeded' : 'failed'} label={check.status} />
              <SafeText most={60}>{name}</SafeText>
              <span className={classes.none}>
                {durationText(check.latencyMilliseconds)} <SafeText>{check.reason}</SafeText>
              </span>
            </li>
          ))}
        </ul>
        {health.data && !health.data.checks && <p className={classes.none}>{health.data.status}</p>}
      </Panel>
    </Page>
  )
}
