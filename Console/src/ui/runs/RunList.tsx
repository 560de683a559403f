import { History } from 'lucide-react'
import { useMemo, useState } from 'react'
import { Button } from '@mantine/core'
import type { Query } from '../../api/client'
import { type List, queryClient, useList } from '../../api/queries'
import type { ExecutionItem } from '../../api/schema.gen'
import { useMay } from '../../app/permissions'
import { type News, usePolling, useTopic } from '../../app/socket'
import { type Column, DataTable } from '../DataTable'
import { EmptyState } from '../EmptyState'
import { SafeText } from '../SafeText'
import { StatusText } from '../StatusText'
import { Duration, TimeText } from '../TimeText'
import classes from './RunList.module.css'

const text = {
  title: 'Runs',
  empty: 'Nothing has run here yet',
  emptyText: 'Open a workflow and run it, or send an event that one waits for.',
  news: (count: number) => `${count} new, show`,
}

export const RUN_COLUMNS: Column<ExecutionItem>[] = [
  {
    key: 'status',
    title: 'Status',
    width: '110px',
    render: (run) => <StatusText status={run.status} />,
  },
  {
    key: 'workflow',
    title: 'Workflow',
    width: 'minmax(0, 2fr)',
    render: (run) => (
      <>
        <SafeText most={80}>{run.workflowName ?? 'A deleted workflow'}</SafeText>
        <span className={classes.version}> v{run.version}</span>
      </>
    ),
  },
  {
    key: 'started',
    title: 'Started',
    width: 'minmax(84px, 120px)',
    render: (run) => <TimeText at={run.startedAt ?? run.queuedAt} relative />,
  },
  {
    key: 'duration',
    title: 'Duration',
    width: '100px',
    from: 620,
    align: 'end',
    render: (run) =>
      run.durationMs !== null ? (
        <Duration ms={run.durationMs} />
      ) : (
        <Duration since={run.finishedAt ? null : run.startedAt} />
      ),
  },
  {
    key: 'error',
    title: 'Error',
    width: 'minmax(0, 1fr)',
    from: 760,
    render: (run) => run.errorCode && <code className={classes.code}>{run.errorCode}</code>,
  },
  { key: 'trigger', title: 'Trigger', width: '90px', from: 860, render: (run) => run.triggerType },
  {
    key: 'correlation',
    title: 'Correlation',
    width: 'minmax(0, 1fr)',
    from: 960,
    render: (run) => run.correlationId && <SafeText most={60}>{run.correlationId}</SafeText>,
  },
  {
    key: 'note',
    title: 'Note',
    width: '110px',
    from: 1060,
    render: (run) =>
      [run.attempt > 1 ? `attempt ${run.attempt}` : '', run.resolvedAt ? 'resolved' : '', run.forkedFrom ? 'rerun' : '']
        .filter(Boolean)
        .join(', '),
  },
]

interface Changed {
  executions?: Pick<ExecutionItem, 'id' | 'status'>[]
}

/** Rows that are shown change in place; new ones wait until the reader asks, so that nothing moves below the eye. */
function useLiveRows(list: List<ExecutionItem>) {
  const [statuses, setStatuses] = useState<ReadonlyMap<string, ExecutionItem['status']>>(new Map())
  const [news, setNews] = useState<ReadonlySet<string>>(new Set())
  const known = useMemo(() => new Set(list.items.map((run) => run.id)), [list.items])
  const may = useMay()
  useTopic(may('executions.read') ? 'executions' : null, (message: News) => {
    if (message.type === 'reset') return list.reload()
    const changed = (message.data as Changed).executions ?? []
    setStatuses((before) => {
      const next = new Map(before)
      for (const run of changed) if (known.has(run.id)) next.set(run.id, run.status)
      return next
    })
    setNews((before) => {
      const next = new Set(before)
      for (const run of changed) if (!known.has(run.id)) next.add(run.id)
      return next.size === before.size ? before : next
    })
  })
  const items = useMemo(
    () =>
      list.items.map((run) => {
        const status = statuses.get(run.id)
        return status && status !== run.status && !run.finishedAt ? { ...run, status } : run
      }),
    [list.items, statuses],
  )
  const show = () => {
    setNews(new Set())
    setStatuses(new Map())
    void queryClient.invalidateQueries({ queryKey: ['/executions'] })
  }
  return { items, news: news.size, show }
}

interface Props {
  query: Query
  /** By which the choice of columns is remembered. */
  name?: string
  selected?: ReadonlySet<string>
  onSelect?: (keys: Set<string>) => void
  hide?: string[]
  empty?: React.ReactNode
}

export function RunList({ query, name, selected, onSelect, hide = [], empty }: Props) {
  const list = useList<ExecutionItem>('/executions', query, { every: usePolling(10_000) })
  const live = useLiveRows(list)
  const columns = RUN_COLUMNS.filter((column) => !hide.includes(column.key))
  return (
    <div className={classes.list}>
      {live.news > 0 && (
        <Button className={classes.news} size="compact-xs" radius="xl" onClick={live.show}>
          {text.news(live.news)}
        </Button>
      )}
      <DataTable
        name={name}
        label={text.title}
        list={{ ...list, items: live.items }}
        columns={columns}
        rowKey={(run) => run.id}
        href={(run) => `/executions/${run.id}`}
        selected={selected}
        onSelect={onSelect}
        empty={
          empty ?? (
            <EmptyState icon={History} title={text.empty}>
              {text.emptyText}
            </EmptyState>
          )
        }
      />
    </div>
  )
}
