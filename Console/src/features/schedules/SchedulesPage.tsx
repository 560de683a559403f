import { CalendarClock } from 'lucide-react'
import { useEffect, useState } from 'react'
import { useQueryClient } from '@tanstack/react-query'
import { send } from '../../api/client'
import { invalidate, useList } from '../../api/queries'
import type { ScheduleItem } from '../../api/schema.gen'
import { useParamsOfUrl } from '../../app/links'
import { useMay } from '../../app/permissions'
import { Act } from '../../ui/Act'
import { useConfirm } from '../../ui/Confirm'
import { type Column, DataTable } from '../../ui/DataTable'
import { EmptyState } from '../../ui/EmptyState'
import { type Filter, FilterBar, NoMatch } from '../../ui/FilterBar'
import { Page, PageTabs, Panel } from '../../ui/Page'
import { SafeText } from '../../ui/SafeText'
import { StatusText } from '../../ui/StatusText'
import { TimeText } from '../../ui/TimeText'
import { useWorkflowNames } from '../../ui/useWorkflowNames'
import { Calendars } from './Calendars'
import { FireCalendar } from './FireCalendar'
import { ScheduleForm } from './ScheduleForm'
import { text } from './text'
import { timingText } from './timing'

const columns = (nameOf: (id: string | null) => string): Column<ScheduleItem>[] => [
  { key: 'name', title: 'Name', width: 'minmax(0, 1.4fr)', render: (one) => <SafeText most={70}>{one.name}</SafeText> },
  {
    key: 'state',
    title: 'State',
    width: '80px',
    render: (one) => <StatusText status={one.enabled ? 'enabled' : 'disabled'} label={one.enabled ? 'On' : 'Off'} />,
  },
  {
    key: 'timing',
    title: 'When',
    width: 'minmax(0, 1fr)',
    from: 600,
    render: (one) => <code>{timingText(one.timing)}</code>,
  },
  { key: 'zone', title: 'Zone', width: 'minmax(0, 130px)', from: 860, render: (one) => one.timing.timeZone },
  {
    key: 'starts',
    title: 'Starts',
    width: 'minmax(0, 1fr)',
    from: 720,
    render: (one) =>
      one.workflowId ? (
        <SafeText most={60}>{nameOf(one.workflowId)}</SafeText>
      ) : one.jobId ? (
        'a job'
      ) : (
        'a package of jobs'
      ),
  },
  {
    key: 'next',
    title: 'Next',
    width: '100px',
    render: (one) => <TimeText at={one.nextFireAt} relative none="never" />,
  },
]

const FILTERS: Filter[] = [
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

function ScheduleList() {
  const [params, change] = useParamsOfUrl()
  const [isNew, setNew] = useState(false)
  const names = useWorkflowNames()
  const may = useMay()
  const confirm = useConfirm()
  const client = useQueryClient()
  const list = useList<ScheduleItem>('/schedules', { workflow: params.workflow, enabled: params.enabled })
  const open = list.items.find((one) => one.id === params.open) ?? null
  useEffect(() => {
    if (params.open && !list.isLoading && !open) change({ open: null })
  }, [params.open, list.isLoading, open, change])
  const add = (
    <Act needs="schedules.write" onClick={() => setNew(true)}>
      New schedule
    </Act>
  )
  const filters: Filter[] = [{ name: 'workflow', label: 'Workflow', width: 200, options: names.options }, ...FILTERS]
  const remove = (one: ScheduleItem) =>
    confirm({
      title: `Delete schedule ${one.name}`,
      body: 'It fires no more. What it started stays.',
      act: 'Delete',
      danger: true,
      run: async () => {
        await send('DELETE', `/schedules/${one.id}`, { ifMatch: one.version })
        await invalidate(client, ['/schedules'])
      },
    })
  return (
    <>
      <FilterBar filters={filters} right={add} />
      <Panel flush>
        <DataTable
          label={text.title}
          list={list}
          columns={columns(names.nameOf)}
          rowKey={(one) => one.id}
          onOpen={(one) => change({ open: one.id })}
          actionsWidth="70px"
          actions={(one) =>
            one.triggerId === null &&
            may('schedules.write') && (
              <Act size="compact-xs" variant="subtle" onClick={() => remove(one)}>
                Delete
              </Act>
            )
          }
          empty={
            params.workflow || params.enabled ? (
              <NoMatch filters={filters} />
            ) : (
              <EmptyState icon={CalendarClock} title={text.empty} action={add}>
                {text.emptyText}
              </EmptyState>
            )
          }
        />
      </Panel>
      {(isNew || open) && (
        <ScheduleForm
          key={open?.id ?? 'new'}
          item={open}
          close={() => {
            setNew(false)
            change({ open: null })
          }}
        />
      )}
    </>
  )
}

export default function SchedulesPage() {
  const [params, change] = useParamsOfUrl()
  const tab = params.tab ?? 'list'
  return (
    <Page
      title={text.title}
      tabs={
        <PageTabs
          label="Schedules"
          value={tab}
          onChange={(next) => change({ tab: next })}
          items={[
            { value: 'list', label: 'Schedules' },
            { value: 'calendar', label: 'Calendar of starts' },
            { value: 'days', label: 'Business days' },
          ]}
        />
      }
    >
      {tab === 'list' && <ScheduleList />}
      {tab === 'calendar' && <FireCalendar />}
      {tab === 'days' && <Calendars />}
    </Page>
  )
}
