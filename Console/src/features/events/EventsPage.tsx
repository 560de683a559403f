import { Zap } from 'lucide-react'
import { serverNow } from '../../api/client'
import { useList } from '../../api/queries'
import type { EventItem } from '../../api/schema.gen'
import { useParamsOfUrl } from '../../app/links'
import { useMemo } from 'react'
import { sinceMoment, useZone } from '../../app/time'
import { type Column, DataTable } from '../../ui/DataTable'
import { EmptyState } from '../../ui/EmptyState'
import { type Filter, FilterBar, NoMatch, SINCE } from '../../ui/FilterBar'
import { ListTools } from '../../ui/ListTools'
import { Page, Panel } from '../../ui/Page'
import { SafeText } from '../../ui/SafeText'
import { TimeText } from '../../ui/TimeText'
import { PublishEvent } from './PublishEvent'
import { text } from './text'

const COLUMNS: Column<EventItem>[] = [
  { key: 'type', title: 'Type', width: 'minmax(0, 1.4fr)', render: (one) => <SafeText most={80}>{one.type}</SafeText> },
  {
    key: 'subject',
    title: 'Subject',
    width: 'minmax(0, 1fr)',
    from: 520,
    render: (one) => <SafeText most={60}>{one.subject ?? '–'}</SafeText>,
  },
  {
    key: 'source',
    title: 'Source',
    width: 'minmax(0, 1fr)',
    from: 740,
    render: (one) => <SafeText most={60}>{one.source}</SafeText>,
  },
  { key: 'at', title: 'Came', width: '110px', render: (one) => <TimeText at={one.receivedAt} relative /> },
]

const FILTERS: Filter[] = [
  { name: 'type', label: 'Type', width: 190 },
  { name: 'subject', label: 'Subject' },
  { name: 'source', label: 'Source' },
  { name: 'correlation_id', label: 'Correlation id' },
  { name: 'from', label: 'Any time', options: SINCE },
]

export default function EventsPage() {
  const [params] = useParamsOfUrl()
  const zone = useZone()
  const query = useMemo(() => {
    const found: Record<string, string | null | undefined> = Object.fromEntries(
      FILTERS.map(({ name }) => [name, params[name]]),
    )
    const now = Math.floor(serverNow() / 60_000) * 60_000
    if (params.from) found.from = sinceMoment(params.from, now, zone)
    return found
  }, [params, zone])
  const list = useList<EventItem>('/events', query, { every: 15_000 })
  const isFiltered = FILTERS.some(({ name }) => params[name])
  return (
    <Page title={text.title} actions={<PublishEvent />}>
      <FilterBar filters={FILTERS} right={<ListTools list="events" path="/events" columns={COLUMNS} />} />
      <Panel flush>
        <DataTable
          label={text.title}
          name="events"
          list={list}
          columns={COLUMNS}
          rowKey={(one) => one.id}
          href={(one) => `/events/${one.id}`}
          empty={
            isFiltered ? (
              <NoMatch filters={FILTERS} />
            ) : (
              <EmptyState icon={Zap} title={text.empty} action={<PublishEvent />}>
                {text.emptyText}
              </EmptyState>
            )
          }
        />
      </Panel>
    </Page>
  )
}
