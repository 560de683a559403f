import { useParams } from '@tanstack/react-router'
import { useQueryClient } from '@tanstack/react-query'
import { send } from '../../api/client'
import { invalidate, useApi } from '../../api/queries'
import type { RunItemView, RunView } from '../../api/schema.gen'
import { usePolling } from '../../app/socket'
import { Act } from '../../ui/Act'
import { useConfirm } from '../../ui/Confirm'
import { type Column, DataTable } from '../../ui/DataTable'
import { EmptyState, Waiting } from '../../ui/EmptyState'
import { ErrorBox } from '../../ui/ErrorBox'
import { JsonView } from '../../ui/JsonView'
import { Facts, Page, Panel } from '../../ui/Page'
import { SafeText } from '../../ui/SafeText'
import { StatusText } from '../../ui/StatusText'
import { Duration, TimeText } from '../../ui/TimeText'
import { useWorkflowNames } from '../../ui/useWorkflowNames'
import { text } from './text'

const columns = (nameOf: (id: string | null) => string): Column<RunItemView>[] => [
  {
    key: 'name',
    title: 'What',
    render: (one) => <SafeText most={80}>{one.workflowId ? nameOf(one.workflowId) : 'a job'}</SafeText>,
  },
  { key: 'status', title: 'Status', width: '120px', render: (one) => <StatusText status={one.status} /> },
  {
    key: 'started',
    title: 'Started',
    width: '110px',
    from: 520,
    render: (one) => <TimeText at={one.startedAt} relative />,
  },
  {
    key: 'took',
    title: 'Took',
    width: '100px',
    from: 600,
    render: (one) => (
      <Duration
        ms={one.startedAt && one.finishedAt ? Date.parse(one.finishedAt) - Date.parse(one.startedAt) : null}
        since={one.startedAt}
      />
    ),
  },
  {
    key: 'after',
    title: 'After',
    width: '80px',
    from: 700,
    align: 'end',
    render: (one) => one.dependsOn.length || '–',
  },
]

export default function JobRunPage() {
  const { runId: id } = useParams({ strict: false }) as { runId: string }
  const confirm = useConfirm()
  const client = useQueryClient()
  const names = useWorkflowNames()
  const found = useApi<RunView>(`/job-runs/${id}`, undefined, { keep: false, every: usePolling() || 5000 })
  const crumbs = [{ label: text.title, href: '/jobs?tab=runs' }]
  if (found.error) {
    return (
      <Page title="No run is at this address" crumbs={crumbs}>
        <ErrorBox error={found.error} retry={() => void found.refetch()} />
      </Page>
    )
  }
  if (!found.data) return <Waiting />
  const { run, items, itemsTruncated } = found.data
  const isOver = run.finishedAt !== null
  const act = (verb: 'cancel' | 'retry') =>
    confirm({
      title: `${verb === 'cancel' ? 'Cancel' : 'Retry'} the run`,
      body:
        verb === 'cancel' ? 'What has not begun does not begin.' : 'What failed, and what depends on it, runs again.',
      act: verb === 'cancel' ? 'Cancel the run' : 'Retry',
      danger: verb === 'cancel',
      run: async () => {
        await send('POST', `/job-runs/${id}/${verb}`, { body: {} })
        await invalidate(client, ['/job-runs'])
      },
    })
  return (
    <Page
      title="Run of a job"
      crumbs={crumbs}
      mark={<StatusText status={run.status} />}
      actions={
        isOver ? (
          run.status !== 'completed' && (
            <Act needs="executions.manage" onClick={() => act('retry')}>
              Retry
            </Act>
          )
        ) : (
          <Act needs="executions.manage" variant="default" onClick={() => act('cancel')}>
            Cancel
          </Act>
        )
      }
    >
      <Panel>
        <Facts
          items={[
            ['Started', <TimeText key="s" at={run.startedAt} />],
            ['Took', <Duration key="d" ms={run.durationSeconds * 1000} />],
            ['Trigger', run.triggerType],
            ['On failure', run.onFailure],
            ['Rows', run.rowsProcessed.toLocaleString('en')],
            ['By', <SafeText key="b">{run.createdBy ?? '–'}</SafeText>],
          ]}
        />
      </Panel>
      {run.error !== null && (
        <Panel title="Error">
          <JsonView value={run.error} label="Error" />
        </Panel>
      )}
      <Panel title="What it ran" flush>
        <DataTable
          label="What it ran"
          list={{ items, isLoading: false, error: null }}
          columns={columns(names.nameOf)}
          rowKey={(one) => String(one.position)}
          href={(one) =>
            one.executionId
              ? `/executions/${one.executionId}`
              : one.runId
                ? `/job-runs/${one.runId}`
                : `/job-runs/${id}`
          }
          empty={<EmptyState title={text.noWorkflows} />}
        />
        {itemsTruncated && <p>Only the first {items.length} are shown.</p>}
      </Panel>
    </Page>
  )
}
