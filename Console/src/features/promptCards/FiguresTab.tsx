import { useApi, useList } from '../../api/queries'
import type { CardAnswerView, CardFigures, CardView, PromptDay } from '../../api/schema.gen'
import { type Column, DataTable } from '../../ui/DataTable'
import { EmptyState, Waiting } from '../../ui/EmptyState'
import { ErrorBox } from '../../ui/ErrorBox'
import { Facts, Panel } from '../../ui/Page'
import { SafeText } from '../../ui/SafeText'
import { StatusText } from '../../ui/StatusText'
import { Duration, TimeText } from '../../ui/TimeText'
import { moneyText } from '../../ui/money'
import { text } from './text'

const DAYS: Column<PromptDay>[] = [
  { key: 'day', title: 'Day (UTC)', width: '110px', render: (one) => one.day },
  { key: 'n', title: 'Executions', align: 'end', render: (one) => one.dailyExecutions.toLocaleString('en') },
  { key: 'before', title: 'Day before', from: 620, align: 'end', render: (one) => one.prevDayCount ?? '–' },
  { key: 'mean', title: 'Mean', from: 480, align: 'end', render: (one) => <Duration ms={one.avgExecutionTime} /> },
  { key: 'p95', title: 'p95', from: 480, align: 'end', render: (one) => <Duration ms={one.p95ExecutionTime} /> },
  {
    key: 'rate',
    title: 'Passed',
    align: 'end',
    render: (one) => (one.successRate === null ? '–' : `${(100 * one.successRate).toFixed(1)} %`),
  },
  { key: 'cost', title: 'Cost', from: 560, align: 'end', render: (one) => moneyText(one.cost) },
]

const NEWEST: Column<CardAnswerView>[] = [
  { key: 'at', title: 'When', width: '110px', render: (one) => <TimeText at={one.createdAt} relative /> },
  {
    key: 'passed',
    title: 'Passed',
    width: '110px',
    render: (one) => (
      <StatusText
        status={one.status !== 'done' ? one.status : one.passed ? 'completed' : 'failed'}
        label={one.status !== 'done' ? undefined : one.passed ? 'Yes' : 'No'}
      />
    ),
  },
  { key: 'model', title: 'Model', width: '140px', from: 560, render: (one) => one.model || 'default' },
  { key: 'answer', title: 'Answer', from: 480, render: (one) => <SafeText most={160}>{one.answer}</SafeText> },
  { key: 'time', title: 'Time', width: '90px', from: 700, render: (one) => <Duration ms={one.executionTimeMs} /> },
]

/** What a card's executions were like, and those of its workspace by day. */
export function FiguresTab({ card }: { card: CardView }) {
  const found = useApi<CardFigures>(`/prompt-cards/${card.id}/analytics`)
  const days = useApi<PromptDay[]>('/prompt-cards/analytics', { workspaceId: card.workspaceId })
  const newest = useList<CardAnswerView>(`/prompt-cards/${card.id}/executions`)
  if (found.error) return <ErrorBox error={found.error} retry={() => void found.refetch()} />
  if (!found.data) return <Waiting rows={3} />
  const { recentExecutionTimes: times, usedProviders, executionHistory: history } = found.data
  const mean = times.length === 0 ? null : times.reduce((sum, one) => sum + one, 0) / times.length
  return (
    <>
      <Panel title="The newest executions of this card">
        <Facts
          items={[
            ['Mean time of the last 100', <Duration key="mean" ms={mean} />],
            ['Providers', usedProviders.join(', ') || '–'],
            ['Passed of the last 50', `${history.filter((one) => one.passed).length} of ${history.length}`],
            ['Cost of the last 50', moneyText(history.reduce((sum, one) => sum + one.cost, 0))],
          ]}
        />
      </Panel>
      <Panel title="All cards of its workspace, by day" flush>
        <DataTable
          label="Days"
          list={{ items: [...(days.data ?? [])].reverse(), isLoading: days.isLoading, error: days.error }}
          columns={DAYS}
          rowKey={(one) => `${one.workspaceId} ${one.day}`}
          empty={<EmptyState title={text.noAnswers} />}
        />
      </Panel>
      <Panel title="Executions" flush>
        <DataTable
          label="Executions"
          list={newest}
          columns={NEWEST}
          rowKey={(one) => one.id}
          empty={<EmptyState title={text.noAnswers} />}
        />
      </Panel>
    </>
  )
}
