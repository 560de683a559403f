import { Drawer, Stack } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { Skull } from 'lucide-react'
import { useState } from 'react'
import { send } from '../../api/client'
import { invalidate, useApi, useList } from '../../api/queries'
import type { BulkControlView, DeadLetterItem, DeadLetterView } from '../../api/schema.gen'
import { Go, useParamsOfUrl } from '../../app/links'
import { Act } from '../../ui/Act'
import { useConfirm } from '../../ui/Confirm'
import { type Column, DataTable } from '../../ui/DataTable'
import { EmptyState, Waiting } from '../../ui/EmptyState'
import { ErrorBox } from '../../ui/ErrorBox'
import { type Filter, FilterBar, NoMatch } from '../../ui/FilterBar'
import { JsonView } from '../../ui/JsonView'
import { tellDone } from '../../ui/notify'
import { ListTools } from '../../ui/ListTools'
import { Facts, Page, Panel } from '../../ui/Page'
import { countText } from '../../ui/safe'
import { SafeText } from '../../ui/SafeText'
import { StatusText } from '../../ui/StatusText'
import { TimeText } from '../../ui/TimeText'
import { useWorkflowNames } from '../../ui/useWorkflowNames'
import { text } from './text'

const codeOf = (one: DeadLetterItem) => (one.error as { code?: string } | null)?.code ?? '–'
const messageOf = (one: DeadLetterItem) => (one.error as { message?: string } | null)?.message ?? ''

const columns = (nameOf: (id: string) => string): Column<DeadLetterItem>[] => [
  { key: 'workflow', title: 'Workflow', render: (one) => <SafeText most={70}>{nameOf(one.workflowId)}</SafeText> },
  { key: 'status', title: 'Status', width: '110px', render: (one) => <StatusText status={one.status} /> },
  {
    key: 'node',
    title: 'Node',
    width: 'minmax(0, 120px)',
    from: 620,
    render: (one) => <SafeText most={40}>{one.nodeId ?? '–'}</SafeText>,
  },
  { key: 'code', title: 'Error', width: 'minmax(0, 140px)', from: 480, render: (one) => <code>{codeOf(one)}</code> },
  {
    key: 'message',
    title: 'Message',
    width: 'minmax(0, 1.6fr)',
    from: 860,
    render: (one) => <SafeText most={120}>{messageOf(one)}</SafeText>,
  },
  { key: 'at', title: 'When', width: '100px', render: (one) => <TimeText at={one.createdAt} relative /> },
]

function Detail({
  id,
  close,
  settle,
}: {
  id: string
  close: () => void
  settle: (ids: string[], act: 'redrive' | 'discard') => void
}) {
  const found = useApi<DeadLetterView>(`/dead-letters/${id}`)
  return (
    <Drawer opened onClose={close} title="Dead letter" size={560}>
      <ErrorBox error={found.error} />
      {found.isLoading && <Waiting />}
      {found.data && (
        <Stack>
          <Facts
            items={[
              [
                'Run',
                <Go key="r" href={`/executions/${found.data.executionId}`}>
                  {found.data.executionId.slice(0, 13)}…
                </Go>,
              ],
              ['Node', <SafeText key="n">{found.data.nodeId ?? '–'}</SafeText>],
              ['The run is', found.data.executionStatus ?? 'gone'],
              ['Settled by', <SafeText key="s">{found.data.settledBy ?? '–'}</SafeText>],
            ]}
          />
          <JsonView value={found.data.error} label="Error" maxHeight="24vh" />
          {found.data.input !== null && <JsonView value={found.data.input} label="Input" maxHeight="30vh" />}
          {found.data.status === 'open' && (
            <div>
              <Act needs="executions.manage" onClick={() => settle([id], 'redrive')}>
                Send on
              </Act>{' '}
              <Act needs="executions.manage" variant="subtle" onClick={() => settle([id], 'discard')}>
                Discard
              </Act>
            </div>
          )}
        </Stack>
      )}
    </Drawer>
  )
}

export default function DeadLettersPage() {
  const [params, change] = useParamsOfUrl()
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set())
  const names = useWorkflowNames()
  const confirm = useConfirm()
  const client = useQueryClient()
  const filters: Filter[] = [
    {
      name: 'status',
      label: 'Status',
      width: 130,
      standard: 'open',
      options: [
        { value: 'open', label: 'Open' },
        { value: 'redriven', label: 'Sent on' },
        { value: 'discarded', label: 'Discarded' },
      ],
    },
    { name: 'workflow', label: 'Workflow', width: 190, options: names.options },
    { name: 'node', label: 'Node', width: 130 },
    { name: 'error_code', label: 'Error code' },
  ]
  const list = useList<DeadLetterItem>('/dead-letters', {
    status: params.status ?? 'open',
    workflow: params.workflow,
    node: params.node,
    error_code: params.error_code,
  })
  const settle = (ids: string[], act: 'redrive' | 'discard') =>
    confirm({
      title: `${act === 'redrive' ? 'Send on' : 'Discard'} ${countText(ids.length, 'dead letter')}`,
      body: text[act],
      act: act === 'redrive' ? 'Send on' : 'Discard',
      danger: act === 'discard',
      reason: 'optional',
      run: async (reason) => {
        const { data } = await send<BulkControlView>('POST', `/dead-letters/${act}`, { body: { ids, reason } })
        tellDone(`${countText(data.changed, 'dead letter')} changed.`)
        setSelected(new Set())
        change({ open: null })
        await invalidate(client, ['/dead-letters', '/executions'])
      },
    })
  const shown = columns(names.nameOf)
  const isFiltered = filters.some((filter) => params[filter.name])
  return (
    <Page
      title={text.title}
      actions={
        selected.size > 0 && (
          <>
            <Act needs="executions.manage" onClick={() => settle([...selected], 'redrive')}>
              Send on {selected.size}
            </Act>
            <Act needs="executions.manage" variant="default" onClick={() => settle([...selected], 'discard')}>
              Discard {selected.size}
            </Act>
          </>
        )
      }
    >
      <FilterBar filters={filters} right={<ListTools list="dead-letters" path="/dead-letters" columns={shown} />} />
      <Panel flush>
        <DataTable
          name="dead-letters"
          label={text.title}
          list={list}
          columns={shown}
          rowKey={(one) => one.id}
          onOpen={(one) => change({ open: one.id })}
          selected={selected}
          onSelect={setSelected}
          empty={
            isFiltered ? (
              <NoMatch filters={filters} />
            ) : (
              <EmptyState icon={Skull} title={text.empty}>
                {text.emptyText}
              </EmptyState>
            )
          }
        />
      </Panel>
      {params.open && <Detail id={params.open} close={() => change({ open: null })} settle={settle} />}
    </Page>
  )
}
