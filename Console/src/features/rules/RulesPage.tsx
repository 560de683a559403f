import { useLocation } from '@tanstack/react-router'
import { Layers } from 'lucide-react'
import { useRef } from 'react'
import { send } from '../../api/client'
import { useList } from '../../api/queries'
import type { RuleView } from '../../api/schema.gen'
import { useGo, useParamsOfUrl } from '../../app/links'
import { useMay } from '../../app/permissions'
import { Act } from '../../ui/Act'
import { type Column, DataTable } from '../../ui/DataTable'
import { EmptyState } from '../../ui/EmptyState'
import { type Filter, FilterBar, NoMatch } from '../../ui/FilterBar'
import { FormDrawer } from '../../ui/FormDrawer'
import { Page, Panel } from '../../ui/Page'
import { SafeText } from '../../ui/SafeText'
import { StatusText } from '../../ui/StatusText'
import { TimeText } from '../../ui/TimeText'
import { FIELDS } from './fields'
import { text } from './text'

const typeOf = (rule: RuleView) => {
  const definition = rule.definition as { eventType?: string; join?: { events?: { type?: string }[] } } | null
  return definition?.eventType ?? definition?.join?.events?.map((one) => one.type).join(' + ') ?? 'any'
}

const COLUMNS: Column<RuleView>[] = [
  { key: 'name', title: 'Name', width: 'minmax(0, 1.5fr)', render: (one) => <SafeText most={80}>{one.name}</SafeText> },
  {
    key: 'state',
    title: 'State',
    width: '90px',
    render: (one) => <StatusText status={one.enabled ? 'enabled' : 'disabled'} label={one.enabled ? 'On' : 'Off'} />,
  },
  {
    key: 'type',
    title: 'Event type',
    width: 'minmax(0, 1fr)',
    from: 560,
    render: (one) => (
      <code>
        <SafeText most={60}>{typeOf(one)}</SafeText>
      </code>
    ),
  },
  {
    key: 'priority',
    title: 'Priority',
    width: '80px',
    from: 700,
    align: 'end',
    render: (one) => `${one.priority}${one.stop ? ', stops' : ''}`,
  },
  {
    key: 'updated',
    title: 'Changed',
    width: '100px',
    from: 480,
    render: (one) => <TimeText at={one.updatedAt} relative />,
  },
]

const FILTERS: Filter[] = [
  { name: 'name', label: 'Name' },
  {
    name: 'enabled',
    label: 'State',
    width: 110,
    options: [
      { value: 'true', label: 'On' },
      { value: 'false', label: 'Off' },
    ],
  },
]

export default function RulesPage() {
  const [params] = useParamsOfUrl()
  const { pathname } = useLocation()
  const go = useGo()
  const made = useRef<string | null>(null)
  const may = useMay()
  const isNew = pathname === '/rules/new' && may('rules.write')
  const list = useList<RuleView>('/rules', { name: params.name, enabled: params.enabled })
  const add = (
    <Act needs="rules.write" onClick={() => go('/rules/new')}>
      New rule
    </Act>
  )
  return (
    <Page title={text.title} actions={add}>
      <FilterBar filters={FILTERS} />
      <Panel flush>
        <DataTable
          label={text.title}
          list={list}
          columns={COLUMNS}
          rowKey={(one) => one.id}
          href={(one) => `/rules/${one.id}`}
          empty={
            params.name || params.enabled ? (
              <NoMatch filters={FILTERS} />
            ) : (
              <EmptyState icon={Layers} title={text.empty} action={add}>
                {text.emptyText}
              </EmptyState>
            )
          }
        />
      </Panel>
      {isNew && (
        <FormDrawer
          title="New rule"
          fields={FIELDS}
          act="Create"
          size={560}
          touches={['/rules']}
          close={() => {
            go(made.current ? `/rules/${made.current}` : '/rules')
            made.current = null
          }}
          run={async (body) => {
            const { data } = await send<RuleView>('POST', '/rules', { body })
            made.current = data.id
          }}
        />
      )}
    </Page>
  )
}
