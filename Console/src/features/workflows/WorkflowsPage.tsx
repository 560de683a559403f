import { Plus, Workflow } from 'lucide-react'
import { lazy, Suspense } from 'react'
import { useList } from '../../api/queries'
import type { WorkflowItem } from '../../api/schema.gen'
import { useParamsOfUrl } from '../../app/links'
import { Act } from '../../ui/Act'
import { type Column, DataTable } from '../../ui/DataTable'
import { EmptyState } from '../../ui/EmptyState'
import { type Filter, FilterBar, NoMatch } from '../../ui/FilterBar'
import { ListTools } from '../../ui/ListTools'
import { Page, Panel } from '../../ui/Page'
import { SafeText } from '../../ui/SafeText'
import { StatusText, Tag } from '../../ui/StatusText'
import { TimeText } from '../../ui/TimeText'
import { text } from './text'
import { Tree } from './Tree'
import classes from './Workflows.module.css'

const COLUMNS: Column<WorkflowItem>[] = [
  { key: 'name', title: 'Name', width: 'minmax(0, 2fr)', render: (one) => <SafeText most={90}>{one.name}</SafeText> },
  {
    key: 'state',
    title: 'State',
    width: '110px',
    render: (one) => <StatusText status={one.enabled ? 'enabled' : 'disabled'} label={one.enabled ? 'On' : 'Off'} />,
  },
  {
    key: 'version',
    title: 'Published',
    width: '130px',
    from: 560,
    render: (one) =>
      one.publishedVersion === null ? (
        <span className={classes.dim}>never</span>
      ) : (
        <>
          v{one.publishedVersion}
          {one.draftVersion > one.publishedVersion && <span className={classes.dim}> · draft v{one.draftVersion}</span>}
        </>
      ),
  },
  {
    key: 'tags',
    title: 'Tags',
    width: 'minmax(0, 1fr)',
    from: 700,
    render: (one) => (
      <span className={classes.tags}>
        {one.tags.slice(0, 3).map((tag) => (
          <Tag key={tag}>{tag.slice(0, 30)}</Tag>
        ))}
        {one.tags.length > 3 && <span className={classes.dim}>+{one.tags.length - 3}</span>}
      </span>
    ),
  },
  { key: 'environment', title: 'Environment', width: '110px', from: 840, render: (one) => one.environment },
  {
    key: 'updated',
    title: 'Changed',
    width: '100px',
    from: 480,
    render: (one) => <TimeText at={one.updatedAt} relative />,
  },
]

const FILTERS: Filter[] = [
  { name: 'name', label: 'Name', width: 200 },
  { name: 'tag', label: 'Tag', width: 130 },
  {
    name: 'enabled',
    label: 'State',
    width: 110,
    options: [
      { value: 'true', label: 'On' },
      { value: 'false', label: 'Off' },
    ],
  },
  {
    name: 'sort',
    label: 'Order',
    width: 150,
    options: [
      { value: 'name', label: 'By name' },
      { value: '-updatedAt', label: 'Changed last' },
      { value: '-createdAt', label: 'Made last' },
    ],
  },
]

// Most who look at the list make nothing: what makes is loaded when it is asked for.
const NewWorkflow = lazy(() => import('./create/NewWorkflow'))

export default function WorkflowsPage() {
  const [params, change] = useParamsOfUrl()
  const query = Object.fromEntries(FILTERS.map(({ name }) => [name, params[name]]))
  const list = useList<WorkflowItem>('/workflows', { ...query, job: params.job })
  const isFiltered = FILTERS.some(({ name }) => name !== 'sort' && params[name])
  const add = (
    <Act needs="workflows.write" icon={<Plus size={14} aria-hidden />} onClick={() => change({ new: 'template' })}>
      {text.create}
    </Act>
  )
  return (
    <Page title={text.title} actions={add} sub={params.jobName && <>In {params.jobName}</>}>
      <div className={classes.columns}>
        <aside className={classes.side} aria-label="Where workflows are">
          <Tree
            chosen={params.job ?? null}
            onChoose={(job) => change({ job: job?.id ?? null, jobName: job?.name ?? null })}
          />
        </aside>
        <div className={classes.main}>
          <FilterBar filters={FILTERS} right={<ListTools list="workflows" path="/workflows" columns={COLUMNS} />} />
          <Panel flush>
            <DataTable
              name="workflows"
              label={text.title}
              list={list}
              columns={COLUMNS}
              rowKey={(one) => one.id}
              href={(one) => `/workflows/${one.id}`}
              empty={
                isFiltered ? (
                  <NoMatch filters={FILTERS.filter(({ name }) => name !== 'sort')} />
                ) : (
                  <EmptyState icon={Workflow} title={text.empty} action={add}>
                    {text.emptyText}
                  </EmptyState>
                )
              }
            />
          </Panel>
        </div>
      </div>
      {params.new && (
        <Suspense fallback={null}>
          <NewWorkflow job={params.job ?? null} />
        </Suspense>
      )}
    </Page>
  )
}
