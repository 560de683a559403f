import { NotebookPen } from 'lucide-react'
import { useState } from 'react'
import { send } from '../../api/client'
import { useApi, useList } from '../../api/queries'
import type { CardView, WorkspaceView } from '../../api/schema.gen'
import { useGo, useParamsOfUrl } from '../../app/links'
import { Act } from '../../ui/Act'
import { type Column, DataTable } from '../../ui/DataTable'
import { EmptyState } from '../../ui/EmptyState'
import { choices, type Field } from '../../ui/fields'
import { type Filter, FilterBar, NoMatch } from '../../ui/FilterBar'
import { FormDrawer } from '../../ui/FormDrawer'
import { Page, Panel } from '../../ui/Page'
import { SafeText } from '../../ui/SafeText'
import { Tag } from '../../ui/StatusText'
import { TimeText } from '../../ui/TimeText'
import { FIELDS } from './fields'
import { text } from './text'

const COLUMNS: Column<CardView>[] = [
  {
    key: 'title',
    title: 'Title',
    width: 'minmax(0, 1.4fr)',
    render: (one) => <SafeText most={100}>{one.title}</SafeText>,
  },
  {
    key: 'description',
    title: 'Description',
    from: 700,
    render: (one) => <SafeText most={120}>{one.description}</SafeText>,
  },
  {
    key: 'tags',
    title: 'Tags',
    width: '160px',
    from: 560,
    render: (one) => one.tags.slice(0, 2).map((tag) => <Tag key={tag}>{tag}</Tag>),
  },
  { key: 'number', title: 'Version', width: '80px', from: 480, align: 'end', render: (one) => one.number },
  {
    key: 'updated',
    title: 'Changed',
    width: '100px',
    from: 420,
    render: (one) => <TimeText at={one.updatedAt} relative />,
  },
]

const TYPES = choices(['string', 'number', 'boolean', 'date', 'enum', 'list', 'object'])

export default function CardsPage() {
  const [params] = useParamsOfUrl()
  const [isNew, setNew] = useState(false)
  const go = useGo()
  const workspaces = useApi<WorkspaceView[]>('/workspaces', { per_page: 100 })
  const places = (workspaces.data ?? []).map((one) => ({ value: one.id, label: one.name }))
  const filters: Filter[] = [
    { name: 'q', label: 'Words' },
    { name: 'tag', label: 'Tag', width: 120 },
    { name: 'variableType', label: 'Variable', options: TYPES, width: 120 },
    { name: 'metadata.category', label: 'Category', width: 130 },
    { name: 'workspaceId', label: 'Workspace', options: places, width: 150 },
  ]
  const query = Object.fromEntries(filters.map((one) => [one.name, params[one.name]]))
  const list = useList<CardView>('/prompt-cards', query)
  const place: Field = { name: 'workspaceId', label: 'Workspace', kind: 'select', required: true, options: places }
  const add = (
    <Act needs="prompts.write" onClick={() => setNew(true)}>
      New card
    </Act>
  )
  return (
    <Page title={text.title} sub={text.sub} actions={add}>
      <FilterBar filters={filters} />
      <Panel flush>
        <DataTable
          label={text.title}
          list={list}
          columns={COLUMNS}
          rowKey={(one) => one.id}
          href={(one) => `/prompt-cards/${one.id}`}
          empty={
            Object.values(query).some(Boolean) ? (
              <NoMatch filters={filters} />
            ) : (
              <EmptyState icon={NotebookPen} title={text.empty} action={add}>
                {text.emptyText}
              </EmptyState>
            )
          }
        />
      </Panel>
      {isNew && (
        <FormDrawer
          title="New prompt card"
          fields={[place, ...FIELDS]}
          act="Create"
          size={640}
          touches={['/prompt-cards']}
          close={() => setNew(false)}
          run={async (body) => {
            const made = await send<CardView>('POST', '/prompt-cards', { body })
            go(`/prompt-cards/${made.data.id}`)
          }}
        />
      )}
    </Page>
  )
}
