import { Network } from 'lucide-react'
import { useList } from '../../api/queries'
import type { JobView, RunItem } from '../../api/schema.gen'
import { useParamsOfUrl } from '../../app/links'
import { type Column, DataTable } from '../../ui/DataTable'
import { EmptyState } from '../../ui/EmptyState'
import { type Filter, FilterBar, NoMatch } from '../../ui/FilterBar'
import { choices } from '../../ui/fields'
import { ListTools } from '../../ui/ListTools'
import { Page, PageTabs, Panel } from '../../ui/Page'
import { SafeText } from '../../ui/SafeText'
import { StatusText, statusLook } from '../../ui/StatusText'
import { Duration, TimeText } from '../../ui/TimeText'
import { text } from './text'

const JOBS: Column<JobView>[] = [
  { key: 'name', title: 'Name', render: (one) => <SafeText most={80}>{one.name}</SafeText> },
  {
    key: 'description',
    title: 'Description',
    from: 620,
    render: (one) => <SafeText most={120}>{one.description}</SafeText>,
  },
  { key: 'environment', title: 'Environment', width: '120px', from: 760, render: (one) => one.environment },
  { key: 'updated', title: 'Changed', width: '100px', render: (one) => <TimeText at={one.updatedAt} relative /> },
]

export const RUNS: Column<RunItem>[] = [
  { key: 'status', title: 'Status', width: '120px', render: (one) => <StatusText status={one.status} /> },
  { key: 'started', title: 'Started', width: '120px', render: (one) => <TimeText at={one.startedAt} relative /> },
  { key: 'took', title: 'Took', width: '100px', render: (one) => <Duration ms={one.durationSeconds * 1000} /> },
  { key: 'trigger', title: 'Trigger', width: '100px', from: 560, render: (one) => one.triggerType },
  {
    key: 'rows',
    title: 'Rows',
    width: '90px',
    from: 640,
    align: 'end',
    render: (one) => one.rowsProcessed.toLocaleString('en'),
  },
  { key: 'by', title: 'By', from: 720, render: (one) => <SafeText most={60}>{one.createdBy ?? '–'}</SafeText> },
]

const FILTERS: Filter[] = [
  {
    name: 'status',
    label: 'Status',
    options: choices(['running', 'completed', 'failed', 'cancelled'], (one) => statusLook(one).word),
  },
]

function Runs() {
  const [params] = useParamsOfUrl()
  const list = useList<RunItem>('/job-runs', { status: params.status, job: params.job }, { every: 10_000 })
  return (
    <>
      <FilterBar filters={FILTERS} right={<ListTools list="job-runs" path="/jobs" columns={RUNS} />} />
      <Panel flush>
        <DataTable
          name="job-runs"
          label="Runs of jobs"
          list={list}
          columns={RUNS}
          rowKey={(one) => one.id}
          href={(one) => `/job-runs/${one.id}`}
          empty={params.status ? <NoMatch filters={FILTERS} /> : <EmptyState icon={Network} title={text.runsEmpty} />}
        />
      </Panel>
    </>
  )
}

function Jobs() {
  const list = useList<JobView>('/jobs')
  return (
    <>
      <FilterBar filters={[]} right={<ListTools list="jobs" path="/jobs" columns={JOBS} />} />
      <Panel flush>
        <DataTable
          name="jobs"
          label={text.title}
          list={list}
          columns={JOBS}
          rowKey={(one) => one.id}
          href={(one) => `/jobs/${one.id}`}
          empty={
            <EmptyState icon={Network} title={text.empty}>
              {text.emptyText}
            </EmptyState>
          }
        />
      </Panel>
    </>
  )
}

export default function JobsPage() {
  const [params, change] = useParamsOfUrl()
  const tab = params.tab === 'runs' ? 'runs' : 'jobs'
  return (
    <Page
      title={text.title}
      tabs={
        <PageTabs
          label="Jobs"
          value={tab}
          onChange={(next) => change({ tab: next, status: null })}
          items={[
            { value: 'jobs', label: 'Jobs' },
            { value: 'runs', label: 'Runs' },
          ]}
        />
      }
    >
      {tab === 'jobs' ? <Jobs /> : <Runs />}
    </Page>
  )
}
