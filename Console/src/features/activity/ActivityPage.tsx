import { Drawer, Stack } from '@mantine/core'
import { useMemo, useState } from 'react'
import { serverNow } from '../../api/client'
import { useList } from '../../api/queries'
import type { ActivityView } from '../../api/schema.gen'
import { Go, useParamsOfUrl } from '../../app/links'
import { sinceMoment, useZone } from '../../app/time'
import { type Column, DataTable } from '../../ui/DataTable'
import { EmptyState } from '../../ui/EmptyState'
import { type Filter, FilterBar, NoMatch, SINCE } from '../../ui/FilterBar'
import { ListTools } from '../../ui/ListTools'
import { Facts, Page, Panel } from '../../ui/Page'
import { SafeText } from '../../ui/SafeText'
import { TimeText } from '../../ui/TimeText'
import classes from './Activity.module.css'
import { changesOf } from './changes'
import { text } from './text'

const COLUMNS: Column<ActivityView>[] = [
  { key: 'action', title: 'Action', width: 'minmax(0, 180px)', render: (one) => one.action },
  {
    key: 'object',
    title: 'On',
    width: 'minmax(0, 1.4fr)',
    render: (one) => <SafeText most={90}>{`${one.objectType} ${one.objectName ?? one.objectId ?? ''}`}</SafeText>,
  },
  { key: 'actor', title: 'By', from: 560, render: (one) => <SafeText most={60}>{one.actorName}</SafeText> },
  { key: 'ip', title: 'From', width: '120px', from: 860, render: (one) => one.ip ?? '–' },
  { key: 'at', title: 'When', width: '100px', render: (one) => <TimeText at={one.at} relative /> },
]

const FILTERS: Filter[] = [
  { name: 'action', label: 'Action', width: 160 },
  { name: 'object', label: 'Id of an object', width: 200 },
  { name: 'actor', label: 'Id of an actor', width: 200 },
  { name: 'from', label: 'Any time', options: SINCE },
]

const PATHS: Record<string, string> = {
  workflow: '/workflows/',
  execution: '/executions/',
  rule: '/rules/',
  event: '/events/',
  job: '/jobs/',
  approval: '/approvals/',
}

const shown = (value: unknown) =>
  value === undefined ? '–' : typeof value === 'string' ? value : JSON.stringify(value, null, 1)

function Detail({ entry, close }: { entry: ActivityView; close: () => void }) {
  const changes = changesOf(entry.before, entry.after)
  const path =
    Object.hasOwn(PATHS, entry.objectType) && entry.objectId ? `${PATHS[entry.objectType]}${entry.objectId}` : null
  return (
    <Drawer opened onClose={close} title={entry.action} size={620}>
      <Stack>
        <Facts
          items={[
            [
              'On',
              path ? (
                <Go key="o" href={path}>
                  <SafeText>{entry.objectName ?? entry.objectId}</SafeText>
                </Go>
              ) : (
                <SafeText key="o">{entry.objectName ?? entry.objectId}</SafeText>
              ),
            ],
            ['By', <SafeText key="a">{`${entry.actorName} (${entry.actorType})`}</SafeText>],
            ['When', <TimeText key="t" at={entry.at} detail="millisecond" />],
            ['From', entry.ip ?? '–'],
            ['Request', <code key="r">{entry.requestId ?? '–'}</code>],
            [
              'Program',
              <SafeText key="u" most={80}>
                {entry.userAgent ?? '–'}
              </SafeText>,
            ],
          ]}
        />
        {changes.length > 0 && (
          <div className={classes.scroll} tabIndex={0} role="region" aria-label="What changed">
            <table className={classes.diff}>
              <thead>
                <tr>
                  <th>Member</th>
                  <th>Before</th>
                  <th>After</th>
                </tr>
              </thead>
              <tbody>
                {changes.map((one) => (
                  <tr key={one.path}>
                    <td>
                      <code>
                        <SafeText most={80}>{one.path}</SafeText>
                      </code>
                    </td>
                    <td className={one.before === undefined ? undefined : classes.before}>
                      <SafeText most={400}>{shown(one.before)}</SafeText>
                    </td>
                    <td className={one.after === undefined ? undefined : classes.after}>
                      <SafeText most={400}>{shown(one.after)}</SafeText>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
        {changes.length === 0 && <p>No values were recorded with it.</p>}
      </Stack>
    </Drawer>
  )
}

export default function ActivityPage() {
  const [params] = useParamsOfUrl()
  const [open, setOpen] = useState<ActivityView | null>(null)
  const zone = useZone()
  const from = useMemo(
    () => (params.from ? sinceMoment(params.from, Math.floor(serverNow() / 60_000) * 60_000, zone) : null),
    [params.from, zone],
  )
  const list = useList<ActivityView>('/activity', {
    action: params.action,
    object: params.object,
    actor: params.actor,
    from,
  })
  return (
    <Page title={text.title} sub={text.sub}>
      <FilterBar filters={FILTERS} right={<ListTools list="activity" path="/activity" columns={COLUMNS} />} />
      <Panel flush>
        <DataTable
          name="activity"
          label={text.title}
          list={list}
          columns={COLUMNS}
          rowKey={(one) => one.id}
          onOpen={setOpen}
          empty={
            FILTERS.some(({ name }) => params[name]) ? (
              <NoMatch filters={FILTERS} />
            ) : (
              <EmptyState title="Nothing was done yet" />
            )
          }
        />
      </Panel>
      {open && <Detail entry={open} close={() => setOpen(null)} />}
    </Page>
  )
}
