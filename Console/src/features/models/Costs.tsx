import { useMemo } from 'react'
import { serverNow } from '../../api/client'
import { useApi } from '../../api/queries'
import type { ModelUsageView } from '../../api/schema.gen'
import { DataTable } from '../../ui/DataTable'
import { EmptyState, Waiting } from '../../ui/EmptyState'
import { ErrorBox } from '../../ui/ErrorBox'
import { HourBars } from '../../ui/HourBars'
import { Facts, Panel } from '../../ui/Page'
import { SafeText } from '../../ui/SafeText'
import { moneyText } from '../../ui/money'
import { text } from './text'

const DAY = 86_400_000

interface Sum {
  key: string
  model: string
  purpose: string
  calls: number
  failures: number
  tokens: number
  cost: number
}

/** What models cost in the last 30 days, by model and purpose, the dearest first. */
export function sumUp(rows: ModelUsageView[]): Sum[] {
  const sums = new Map<string, Sum>()
  for (const row of rows) {
    const key = `${row.modelId} ${row.purpose}`
    const sum = sums.get(key) ?? {
      key,
      model: row.model ?? 'a model that is gone',
      purpose: row.purpose,
      calls: 0,
      failures: 0,
      tokens: 0,
      cost: 0,
    }
    sum.calls += row.calls
    sum.failures += row.failures
    sum.tokens += row.inputTokens + row.outputTokens
    sum.cost += row.costUsd
    sums.set(key, sum)
  }
  return [...sums.values()].sort((one, other) => other.cost - one.cost || other.calls - one.calls)
}

export function Costs() {
  const from = useMemo(() => new Date(serverNow() - 29 * DAY).toISOString().slice(0, 10), [])
  const found = useApi<ModelUsageView[]>('/models/usage', { from })
  if (found.error) return <ErrorBox error={found.error} retry={() => void found.refetch()} />
  if (!found.data) return <Waiting rows={4} />
  if (found.data.length === 0) return <EmptyState title={text.noCost} />
  const sums = sumUp(found.data)
  const first = Date.parse(`${from}T00:00:00Z`)
  const bars = Array.from({ length: 30 }, (_, index) => {
    const at = first + index * DAY
    const day = new Date(at).toISOString().slice(0, 10)
    const rows = found.data.filter((row) => row.day === day)
    const bad = rows.reduce((sum, row) => sum + row.failures, 0)
    return {
      from: new Date(at).toISOString(),
      to: new Date(at + DAY).toISOString(),
      ok: rows.reduce((sum, row) => sum + row.calls, 0) - bad,
      bad,
    }
  })
  return (
    <>
      <Panel title="The last 30 days">
        <Facts
          items={[
            ['Spent', moneyText(sums.reduce((sum, one) => sum + one.cost, 0))],
            ['Calls', sums.reduce((sum, one) => sum + one.calls, 0).toLocaleString('en')],
            ['Of them not successful', sums.reduce((sum, one) => sum + one.failures, 0).toLocaleString('en')],
            ['Tokens', sums.reduce((sum, one) => sum + one.tokens, 0).toLocaleString('en')],
          ]}
        />
        <HourBars bars={bars} label="Calls of models by day" />
      </Panel>
      <DataTable<Sum>
        label="Cost by model and purpose"
        list={{ items: sums, isLoading: false, error: null }}
        empty={null}
        rowKey={(one) => one.key}
        columns={[
          { key: 'model', title: 'Model', render: (one) => <SafeText most={80}>{one.model}</SafeText> },
          { key: 'purpose', title: 'For', width: '130px', render: (one) => one.purpose.replace('_', ' ') },
          { key: 'calls', title: 'Calls', width: '100px', from: 480, render: (one) => one.calls.toLocaleString('en') },
          {
            key: 'tokens',
            title: 'Tokens',
            width: '120px',
            from: 640,
            render: (one) => one.tokens.toLocaleString('en'),
          },
          { key: 'cost', title: 'Cost', width: '120px', render: (one) => moneyText(one.cost) },
        ]}
      />
    </>
  )
}
