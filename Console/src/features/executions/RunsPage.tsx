import { SegmentedControl } from '@mantine/core'
import { lazy, Suspense, useMemo, useState } from 'react'
import { serverNow } from '../../api/client'
import { useApi } from '../../api/queries'
import type { WorkflowItem } from '../../api/schema.gen'
import { useSession } from '../../api/session'
import { useParamsOfUrl } from '../../app/links'
import { useZone } from '../../app/time'
import { type Filter, FilterBar, NoMatch, SINCE } from '../../ui/FilterBar'
import { choices } from '../../ui/fields'
import { ListTools } from '../../ui/ListTools'
import { Page, Panel } from '../../ui/Page'
import { safeText } from '../../ui/safe'
import { statusLook } from '../../ui/StatusText'
import { RUN_COLUMNS, RunList } from '../../ui/runs/RunList'
import { runQuery } from './runQuery'
import { text } from './text'

const BulkBar = lazy(async () => ({ default: (await import('./BulkBar')).BulkBar }))
const STATUSES = ['queued', 'running', 'waiting', 'paused', 'held', 'completed', 'failed', 'cancelled', 'timed_out']
const TRIGGERS = ['manual', 'event', 'schedule', 'webhook', 'rule', 'sub_workflow', 'session', 'job', 'retry', 'sql']

type Preset = Record<string, string>

const PRESETS: Record<string, Preset> = {
  all: {},
  active: { status: 'active' },
  unresolved: { status: 'unsuccessful', resolved: 'false' },
  waiting: { status: 'waiting' },
  held: { status: 'held' },
}

function useFilters(): Filter[] {
  const workflows = useApi<WorkflowItem[]>('/workflows', { per_page: 100, sort: 'name' }, { staleTime: 60_000 })
  return [
    {
      name: 'status',
      label: 'Status',
      options: [
        { value: 'active', label: 'Not ended' },
        { value: 'finished', label: 'Ended' },
        { value: 'unsuccessful', label: 'Not successful' },
        { value: 'failed,timed_out', label: 'Failed or timed out' },
        ...choices(STATUSES, (status) => statusLook(status).word),
      ],
    },
    {
      name: 'workflow',
      label: 'Workflow',
      width: 190,
      options: (workflows.data ?? []).map((one) => ({ value: one.id, label: safeText(one.name).slice(0, 60) })),
    },
    { name: 'from', label: 'Any time', options: SINCE },
    { name: 'trigger', label: 'Trigger', options: choices(TRIGGERS), width: 120 },
    { name: 'error_code', label: 'Error code', width: 140 },
    { name: 'correlation_id', label: 'Correlation id', width: 140 },
  ]
}

export default function RunsPage() {
  const [params, change] = useParamsOfUrl()
  const zone = useZone()
  const { me } = useSession()
  const filters = useFilters()
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set())
  const query = useMemo(() => runQuery(params, serverNow(), zone), [params, zone])
  const isFiltered = Object.keys(query).length > 0
  const presets: Record<string, Preset> = {
    ...PRESETS,
    mine: { created_by: me?.name ?? '', from: '7d' },
  }
  const current =
    Object.entries(presets).find(([, preset]) =>
      ['status', 'resolved', 'created_by'].every((name) => (preset[name] ?? '') === (params[name] ?? '')),
    )?.[0] ?? ''
  // A moment from a chart is no choice of the list: it is named as it is.
  const shown = filters.map((filter) =>
    filter.name === 'from' && params.from && !SINCE.some((one) => one.value === params.from)
      ? { ...filter, options: [...SINCE, { value: params.from, label: params.from.slice(0, 16).replace('T', ' ') }] }
      : filter,
  )
  return (
    <Page
      title={text.title}
      actions={
        <SegmentedControl
          aria-label="Often used filters"
          value={current}
          onChange={(name) => {
            const cleared = { status: null, resolved: null, created_by: null }
            change({ ...cleared, ...presets[name] })
          }}
          data={Object.entries(text.presets).map(([value, label]) => ({ value, label }))}
        />
      }
    >
      <FilterBar filters={shown} right={<ListTools list="executions" path="/executions" columns={RUN_COLUMNS} />} />
      <Panel flush>
        <RunList
          name="executions"
          query={query}
          selected={selected}
          onSelect={setSelected}
          empty={
            isFiltered ? (
              <NoMatch
                filters={[
                  ...shown,
                  { name: 'resolved', label: 'Resolved' },
                  { name: 'created_by', label: 'Started by' },
                ]}
              />
            ) : undefined
          }
        />
      </Panel>
      {selected.size > 0 && (
        <Suspense fallback={null}>
          <BulkBar selected={selected} clear={() => setSelected(new Set())} query={query} />
        </Suspense>
      )}
    </Page>
  )
}
