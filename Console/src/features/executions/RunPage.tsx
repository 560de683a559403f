import { useParams } from '@tanstack/react-router'
import { lazy, Suspense, useEffect, useMemo, useRef, useState } from 'react'
import { queryClient, useApi } from '../../api/queries'
import type { ExecutedDefinitionView, ExecutionView, NodeSummary } from '../../api/schema.gen'
import { useKeys } from '../../app/keys'
import { Go, useParamsOfUrl } from '../../app/links'
import { usePolling, useTopic } from '../../app/socket'
import { Act } from '../../ui/Act'
import { EmptyState, Waiting } from '../../ui/EmptyState'
import { ErrorBox } from '../../ui/ErrorBox'
import { modelOf } from '../../ui/graph/model'
import { Page, PageTabs, Panel } from '../../ui/Page'
import { PanelBoundary } from '../../ui/PanelBoundary'
import { SafeText } from '../../ui/SafeText'
import { StatusText } from '../../ui/StatusText'
import { controlsFor, hasEnded, useControl } from './control'
import { DataTab } from './DataTab'
import { LineageTab } from './LineageTab'
import { LogTab } from './LogTab'
import { marksOf } from './marks'
import { RerunDialog } from './RerunDialog'
import classes from './Run.module.css'
import { RunHead } from './RunHead'
import { SimilarFailures } from './SimilarFailures'
import { StepPanel } from './StepPanel'
import { text } from './text'
import { TimelineTab } from './TimelineTab'

const FlowGraph = lazy(() => import('../../ui/graph/FlowGraph'))
const TABS = ['graph', 'timeline', 'log', 'data', 'lineage'] as const
const REST_MS = 400

/** Reads the run again soon after news of it, once for all that come together. */
function useNews(id: string) {
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)
  useTopic(`execution:${id}`, () => {
    timer.current ??= setTimeout(() => {
      timer.current = undefined
      void queryClient.invalidateQueries({
        predicate: ({ queryKey: [path] }) =>
          typeof path === 'string' && path.startsWith(`/executions/${id}`) && !path.endsWith('/definition'),
      })
    }, REST_MS)
  })
  useEffect(() => () => clearTimeout(timer.current), [])
}

function useFailedKeys(nodes: NodeSummary[] | undefined, chosen: string | undefined, choose: (node: string) => void) {
  const failed = (nodes ?? []).filter((node) => node.failed > 0).map((node) => node.nodeId)
  const move = (by: number) => {
    if (failed.length === 0) return
    const at = chosen ? failed.indexOf(chosen) : by > 0 ? -1 : 0
    const next = failed[(at + by + failed.length) % failed.length]
    if (next) choose(next)
  }
  useKeys({ n: () => move(1), p: () => move(-1) })
}

function Actions({ run, onRerun }: { run: ExecutionView; onRerun: () => void }) {
  const control = useControl()
  return (
    <>
      {controlsFor(run.status, run.resolution !== null).map((one) => (
        <Act
          key={one}
          needs="executions.manage"
          variant={one === 'retry' ? 'filled' : 'default'}
          onClick={() => control(run.id, one, run.id.slice(0, 8))}
        >
          {text.acts[one]}
        </Act>
      ))}
      <Act needs="executions.start" variant="default" onClick={onRerun}>
        {text.rerun}
      </Act>
    </>
  )
}

export default function RunPage() {
  const { executionId: id } = useParams({ strict: false }) as { executionId: string }
  const [params, change] = useParamsOfUrl()
  const [rerunOf, setRerunOf] = useState<string | null>(null)
  const every = usePolling()
  useNews(id)
  const run = useApi<ExecutionView>(`/executions/${id}`, { steps: 'none' }, { keep: false, every })
  const isOver = run.data ? hasEnded(run.data.status) : false
  const nodes = useApi<NodeSummary[]>(`/executions/${id}/nodes`, undefined, {
    keep: false,
    every: isOver ? false : every,
  })
  const executed = useApi<ExecutedDefinitionView>(`/executions/${id}/definition`, undefined, {
    keep: false,
    staleTime: Infinity,
  })
  const model = useMemo(() => (executed.data ? modelOf(executed.data.definition) : null), [executed.data])
  const marks = useMemo(() => marksOf(nodes.data ?? [], run.data), [nodes.data, run.data])
  const tab = TABS.find((one) => one === params.tab) ?? 'graph'
  const node = params.node
  const choose = (next: string | null) => change({ node: next, iteration: null, attempt: null })
  useFailedKeys(nodes.data, node, choose)
  useKeys(Object.fromEntries(TABS.map((name, index) => [String(index + 1), () => change({ tab: name })])))

  if (run.error) {
    return (
      <Page title={text.notHere} crumbs={[{ label: text.title, href: '/executions' }]}>
        <ErrorBox error={run.error} retry={() => void run.refetch()} />
      </Page>
    )
  }
  if (!run.data) return <Waiting />
  const name = executed.data?.workflowName ?? 'Run'
  const drawn = model?.nodes.find((one) => one.id === node)
  const failedNode = (run.data.error as { node?: string } | null)?.node
  return (
    <Page
      full
      title={name}
      crumbs={[{ label: text.title, href: '/executions' }]}
      mark={<StatusText status={run.data.status} />}
      sub={
        <>
          Run <code>{id}</code> of version{' '}
          <Go href={`/workflows/${run.data.workflowId}?tab=versions`}>{run.data.version}</Go>
          {executed.data?.workflowDeleted && ' of a workflow that was deleted since'}
        </>
      }
      actions={<Actions run={run.data} onRerun={() => setRerunOf(id)} />}
      tabs={
        <PageTabs
          label="Views of the run"
          value={tab}
          onChange={(next) => change({ tab: next })}
          items={[
            { value: 'graph', label: 'Graph' },
            { value: 'timeline', label: 'Timeline' },
            { value: 'log', label: 'Log' },
            { value: 'data', label: 'Data' },
            { value: 'lineage', label: 'Lineage' },
          ]}
        />
      }
    >
      <RunHead run={run.data} onNode={choose} />
      <div className={classes.panes} data-chosen={node ? true : undefined}>
        <div className={classes.view}>
          <PanelBoundary resetOn={tab}>
            <Suspense fallback={<Waiting rows={5} />}>
              {tab === 'graph' && (
                <div className={classes.graph}>
                  <ErrorBox error={executed.error} />
                  {model && (
                    <FlowGraph model={model} marks={marks} chosen={node} onChoose={choose} label={`Graph of ${name}`} />
                  )}
                </div>
              )}
              {tab === 'timeline' && (
                <TimelineTab
                  run={run.data}
                  nodes={nodes.data ?? []}
                  model={model}
                  chosen={node}
                  onChoose={(next, iteration, attempt) => change({ node: next, iteration, attempt })}
                />
              )}
              {tab === 'log' && <LogTab id={id} nodes={nodes.data ?? []} isOver={isOver} onNode={choose} />}
              {tab === 'data' && <DataTab run={run.data} />}
              {tab === 'lineage' && <LineageTab id={id} run={run.data} />}
            </Suspense>
          </PanelBoundary>
        </div>
        <aside className={classes.step} aria-label="The chosen step">
          {node ? (
            <PanelBoundary resetOn={node}>
              <StepPanel
                id={id}
                node={node}
                iteration={params.iteration}
                attempt={params.attempt}
                name={drawn?.name ?? node}
                isApproval={drawn?.type === 'approval'}
                summary={nodes.data?.find((one) => one.nodeId === node)}
                onChange={change}
                close={() => choose(null)}
              />
            </PanelBoundary>
          ) : (
            <Panel>
              <EmptyState title="Choose a step">
                What it read, what it answered and how long it took shows here.
                {failedNode && (
                  <>
                    {' '}
                    The run failed at{' '}
                    <button type="button" className={classes.linkButton} onClick={() => choose(failedNode)}>
                      <SafeText>{failedNode}</SafeText>
                    </button>
                    .
                  </>
                )}
              </EmptyState>
            </Panel>
          )}
          {['failed', 'timed_out'].includes(run.data.status) && <SimilarFailures id={id} />}
        </aside>
      </div>
      {rerunOf === id && model && (
        <RerunDialog
          run={run.data}
          model={model}
          node={node}
          ran={(nodes.data ?? []).filter((one) => one.completed > 0).map((one) => one.nodeId)}
          close={() => setRerunOf(null)}
        />
      )}
    </Page>
  )
}
