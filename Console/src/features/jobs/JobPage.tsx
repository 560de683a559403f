import { useParams } from '@tanstack/react-router'
import { Play } from 'lucide-react'
import { lazy, Suspense, useMemo } from 'react'
import { send } from '../../api/client'
import { useApi, useList } from '../../api/queries'
import type { DependenciesView, JobView, RunItem, WorkflowItem } from '../../api/schema.gen'
import { useGo } from '../../app/links'
import { Act } from '../../ui/Act'
import { useConfirm } from '../../ui/Confirm'
import { DataTable } from '../../ui/DataTable'
import { EmptyState, Waiting } from '../../ui/EmptyState'
import { ErrorBox } from '../../ui/ErrorBox'
import type { GraphModel } from '../../ui/graph/model'
import { Page, Panel } from '../../ui/Page'
import { SafeText } from '../../ui/SafeText'
import classes from './Jobs.module.css'
import { RUNS } from './JobsPage'
import { text } from './text'

const FlowGraph = lazy(() => import('../../ui/graph/FlowGraph'))

export default function JobPage() {
  const { jobId: id } = useParams({ strict: false }) as { jobId: string }
  const go = useGo()
  const confirm = useConfirm()
  const job = useApi<JobView>(`/jobs/${id}`, undefined, { keep: false })
  const workflows = useApi<WorkflowItem[]>(`/jobs/${id}/workflows`, { per_page: 100 }, { keep: false })
  const dependencies = useApi<DependenciesView>(`/jobs/${id}/dependencies`, undefined, { keep: false })
  const runs = useList<RunItem>('/job-runs', { job: id }, { every: 10_000 })
  const model = useMemo(
    (): GraphModel => ({
      nodes: (workflows.data ?? []).map((one) => ({
        id: one.id,
        name: one.name,
        type: 'workflow',
        parent: null,
        isLoop: false,
      })),
      edges: (dependencies.data?.dependencies ?? []).flatMap(({ workflowId, dependsOn }) =>
        dependsOn.map((from) => ({
          id: `${from}>${workflowId}`,
          from,
          to: workflowId,
          port: 'main',
          kind: 'flow' as const,
        })),
      ),
    }),
    [workflows.data, dependencies.data],
  )
  const crumbs = [{ label: text.title, href: '/jobs' }]
  if (job.error) {
    return (
      <Page title="No job is at this address" crumbs={crumbs}>
        <ErrorBox error={job.error} retry={() => void job.refetch()} />
      </Page>
    )
  }
  if (!job.data) return <Waiting />
  const name = job.data.name
  const run = () =>
    confirm({
      title: `Run ${name}`,
      body: text.runText,
      act: 'Run',
      run: async () => {
        const { data } = await send<RunItem>('POST', `/jobs/${id}/run`, { body: {} })
        go(`/job-runs/${data.id}`)
      },
    })
  return (
    <Page
      title={name}
      crumbs={crumbs}
      sub={<SafeText most={300}>{job.data.description}</SafeText>}
      actions={
        <Act needs="executions.start" icon={<Play size={14} aria-hidden />} onClick={run}>
          Run
        </Act>
      }
    >
      <Panel title={text.graph} flush>
        <ErrorBox error={workflows.error ?? dependencies.error} />
        {workflows.data?.length === 0 && <EmptyState title={text.noWorkflows} />}
        {model.nodes.length > 0 && (
          <div className={classes.graph}>
            <Suspense fallback={<Waiting rows={3} />}>
              <FlowGraph model={model} label={text.graph} onChoose={(chosen) => chosen && go(`/workflows/${chosen}`)} />
            </Suspense>
          </div>
        )}
      </Panel>
      <Panel title="Runs" flush>
        <DataTable
          label="Runs"
          list={runs}
          columns={RUNS}
          rowKey={(one) => one.id}
          href={(one) => `/job-runs/${one.id}`}
          empty={<EmptyState title={text.runsEmpty} />}
        />
      </Panel>
    </Page>
  )
}
