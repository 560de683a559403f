import { Switch } from '@mantine/core'
import { useParams } from '@tanstack/react-router'
import { GitCompareArrows } from 'lucide-react'
import { useApi } from '../../api/queries'
import { Go, useParamsOfUrl } from '../../app/links'
import { usePolling, useTopic } from '../../app/socket'
import { queryClient } from '../../api/queries'
import { type Column, DataTable } from '../../ui/DataTable'
import { EmptyState, Waiting } from '../../ui/EmptyState'
import { ErrorBox } from '../../ui/ErrorBox'
import { StoredValue } from '../../ui/JsonView'
import { Facts, Page, Panel } from '../../ui/Page'
import { PanelBoundary } from '../../ui/PanelBoundary'
import { SafeText } from '../../ui/SafeText'
import { StatusText } from '../../ui/StatusText'
import { Duration, TimeText } from '../../ui/TimeText'
import { type ComparedHead, type ComparedSide, type ComparedStep, type Comparison, differenceOf } from './failures'
import classes from './Failures.module.css'
import { text } from './text'

const PAGE = 100
const keyOf = (one: ComparedStep) => `${one.nodeId}@${one.iteration}`

function Head({ title, run }: { title: string; run: ComparedHead }) {
  return (
    <Panel title={title} actions={<StatusText status={run.status} />}>
      <Facts
        items={[
          [
            'Run',
            <Go key="r" href={`/executions/${run.id}`}>
              {run.id.slice(0, 13)}…
            </Go>,
          ],
          ['Version', run.version],
          ['Started', <TimeText key="s" at={run.startedAt ?? run.queuedAt} />],
          ['Took', <Duration key="d" ms={run.durationMs} since={run.startedAt} />],
        ]}
      />
    </Panel>
  )
}

const sideText = (side: ComparedSide | null) => (side ? <StatusText status={side.status} /> : <span>–</span>)

const columns: Column<ComparedStep>[] = [
  {
    key: 'step',
    title: 'Step',
    width: 'minmax(0, 1fr)',
    render: (one) => (
      <>
        <SafeText most={60}>{one.nodeId}</SafeText>
        {one.iteration && <code> [{one.iteration}]</code>}
      </>
    ),
  },
  { key: 'left', title: 'First', width: '120px', render: (one) => sideText(one.left) },
  { key: 'right', title: 'Second', width: '120px', render: (one) => sideText(one.right) },
  { key: 'what', title: 'What differs', width: 'minmax(0, 1.2fr)', from: 620, render: differenceOf },
  {
    key: 'took',
    title: 'Took',
    width: '170px',
    from: 760,
    align: 'end',
    render: (one) => (
      <>
        {one.left ? <Duration ms={one.left.durationMs} /> : '–'} /{' '}
        {one.right ? <Duration ms={one.right.durationMs} /> : '–'}
      </>
    ),
  },
]

function Value({
  id,
  step,
  side,
  title,
}: {
  id: string
  step: ComparedStep
  side: ComparedSide | null
  title: string
}) {
  return (
    <Panel title={title}>
      {side ? (
        <StoredValue
          path={`/executions/${id}/output`}
          label={title}
          query={{
            node: step.nodeId,
            iteration: step.iteration,
            attempt: side.attempt,
            of: side.outputBytes === null ? 'error' : 'output',
          }}
        />
      ) : (
        <p className={classes.note}>{text.notThere}</p>
      )}
    </Panel>
  )
}

/** Two runs side by side: steps that differ first, and what they answered. */
export default function ComparePage() {
  const { executionId: left, otherId: right } = useParams({ strict: false }) as { executionId: string; otherId: string }
  const [params, change] = useParamsOfUrl()
  const every = usePolling()
  const all = params.all === '1'
  const again = () =>
    void queryClient.invalidateQueries({ queryKey: [`/executions/${left}/compare/${right}`], exact: false })
  useTopic(`execution:${right}`, again)
  const found = useApi<Comparison>(
    `/executions/${left}/compare/${right}`,
    { different: all ? undefined : true, per_page: PAGE },
    { every },
  )
  const crumbs = [
    { label: text.title, href: '/executions' },
    { label: left.slice(0, 13), href: `/executions/${left}` },
  ]
  if (found.error) {
    return (
      <Page title={text.compare} crumbs={crumbs}>
        <ErrorBox error={found.error} retry={() => void found.refetch()} />
      </Page>
    )
  }
  if (!found.data) return <Waiting />
  const { executions: heads, steps, page } = found.data
  const chosen = page.find((one) => keyOf(one) === params.step)
  return (
    <Page
      title={text.compare}
      crumbs={crumbs}
      sub={text.compareText(steps, heads)}
      actions={
        <Switch
          label="Steps that are the same, too"
          checked={all}
          onChange={(event) => change({ all: event.currentTarget.checked ? '1' : null })}
        />
      }
    >
      <div className={classes.heads}>
        <Head title="First" run={heads.left} />
        <Head title={heads.right.forkedFrom === left ? 'Second, a rerun of the first' : 'Second'} run={heads.right} />
      </div>
      <DataTable
        label="Steps"
        list={{ items: page, isLoading: found.isLoading, error: null }}
        columns={columns}
        rowKey={keyOf}
        onOpen={(one) => change({ step: keyOf(one) })}
        empty={
          <EmptyState icon={GitCompareArrows} title={text.noDifference}>
            {text.noDifferenceText}
          </EmptyState>
        }
      />
      {page.length === PAGE && <p className={classes.note}>{text.firstSteps(PAGE)}</p>}
      {chosen && (
        <PanelBoundary resetOn={keyOf(chosen)}>
          <div className={classes.sides}>
            <Value id={left} step={chosen} side={chosen.left} title={`First: ${chosen.nodeId}`} />
            <Value id={right} step={chosen} side={chosen.right} title={`Second: ${chosen.nodeId}`} />
          </div>
        </PanelBoundary>
      )}
    </Page>
  )
}
