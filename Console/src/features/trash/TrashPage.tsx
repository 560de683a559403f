import { useQueryClient } from '@tanstack/react-query'
import { Trash2 } from 'lucide-react'
import { send } from '../../api/client'
import { invalidate, useList } from '../../api/queries'
import type { RestoredView, TrashView } from '../../api/schema.gen'
import { useParamsOfUrl } from '../../app/links'
import { Act } from '../../ui/Act'
import { useConfirm } from '../../ui/Confirm'
import { DataTable } from '../../ui/DataTable'
import { EmptyState } from '../../ui/EmptyState'
import { choices } from '../../ui/fields'
import { FilterBar, NoMatch } from '../../ui/FilterBar'
import { tellDone } from '../../ui/notify'
import { Page, Panel } from '../../ui/Page'
import { countText } from '../../ui/safe'
import { SafeText } from '../../ui/SafeText'
import { Tag } from '../../ui/StatusText'
import { TimeText } from '../../ui/TimeText'
import { text } from './text'

const FILTERS = [{ name: 'type', label: 'Type', options: choices(['workspace', 'folder', 'job', 'workflow']) }]

const contents = (one: TrashView) =>
  [
    one.folders && countText(one.folders, 'folder'),
    one.jobs && countText(one.jobs, 'job'),
    one.workflows && countText(one.workflows, 'workflow'),
  ]
    .filter(Boolean)
    .join(', ')

export default function TrashPage() {
  const [params] = useParamsOfUrl()
  const confirm = useConfirm()
  const client = useQueryClient()
  const list = useList<TrashView>('/trash', { type: params.type })
  const restore = (one: TrashView) =>
    confirm({
      title: `Have ${one.name} back`,
      body: contents(one) ? `With ${contents(one)}.` : 'Where it was before.',
      act: 'Restore',
      run: async () => {
        const { data } = await send<RestoredView>('POST', `/trash/${one.type}/${one.id}/restore`, { body: {} })
        tellDone([text.restored(one.name), ...data.notices.map((notice) => notice.message)].join(' '))
        await invalidate(client, ['/trash', '/workflows', '/jobs', '/workspaces', '/folders'])
      },
    })
  return (
    <Page title={text.title} sub={text.sub}>
      <FilterBar filters={FILTERS} />
      <Panel flush>
        <DataTable<TrashView>
          label={text.title}
          list={list}
          rowKey={(one) => one.type + one.id}
          empty={params.type ? <NoMatch filters={FILTERS} /> : <EmptyState icon={Trash2} title={text.empty} />}
          actions={(one) => (
            <Act needs="workspaces.write" size="compact-xs" variant="subtle" onClick={() => restore(one)}>
              Restore
            </Act>
          )}
          columns={[
            { key: 'name', title: 'Name', render: (one) => <SafeText most={80}>{one.name}</SafeText> },
            { key: 'type', title: 'Type', width: '100px', render: (one) => <Tag>{one.type}</Tag> },
            { key: 'with', title: 'With', from: 620, render: (one) => contents(one) || '–' },
            {
              key: 'by',
              title: 'By',
              from: 760,
              render: (one) => <SafeText most={60}>{one.deletedByName ?? '–'}</SafeText>,
            },
            {
              key: 'reason',
              title: 'Why',
              from: 900,
              render: (one) => <SafeText most={90}>{one.reasonToDelete ?? '–'}</SafeText>,
            },
            {
              key: 'at',
              title: 'When',
              width: '100px',
              from: 460,
              render: (one) => <TimeText at={one.deletedAt} relative />,
            },
          ]}
        />
      </Panel>
    </Page>
  )
}
