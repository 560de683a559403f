import { Group, Select } from '@mantine/core'
import { useState } from 'react'
import { useApi, useList } from '../../api/queries'
import type { CardAnswerView, CardView, ComparisonView, TestRunView } from '../../api/schema.gen'
import { type Column, DataTable } from '../../ui/DataTable'
import { EmptyState, Waiting } from '../../ui/EmptyState'
import { ErrorBox } from '../../ui/ErrorBox'
import { Facts, Panel } from '../../ui/Page'
import { SafeText } from '../../ui/SafeText'
import { StatusText } from '../../ui/StatusText'
import { Duration } from '../../ui/TimeText'
import { moneyText } from '../../ui/money'
import { text } from './text'

/** What came of one assertion. */
interface AssertionOutcome {
  type: string
  passed: boolean
  message: string | null
}

/** Why a question did not pass, or what was answered. */
function whatCame(one: CardAnswerView): string {
  const error = one.error as { code?: string; message?: string } | null
  if (error) return `${error.code}: ${error.message}`
  const failed = (one.assertions as AssertionOutcome[] | null)?.filter((each) => !each.passed) ?? []
  return failed.length > 0
    ? failed.map((each) => `${each.type}: ${each.message ?? ''}`).join(' · ')
    : (one.answer ?? '')
}

const RESULTS: Column<CardAnswerView>[] = [
  { key: 'case', title: 'Case', width: '130px', render: (one) => <SafeText most={60}>{one.case}</SafeText> },
  {
    key: 'passed',
    title: 'Passed',
    width: '100px',
    render: (one) =>
      one.passed === null ? (
        <StatusText status={one.status === 'done' ? 'completed' : one.status} />
      ) : (
        <StatusText status={one.passed ? 'completed' : 'failed'} label={one.passed ? 'Passed' : 'Failed'} />
      ),
  },
  {
    key: 'side',
    title: 'Asked',
    width: '140px',
    from: 620,
    render: (one) => `${one.model || 'default'}, v${one.version}`,
  },
  { key: 'what', title: 'What came', from: 480, render: (one) => <SafeText most={200}>{whatCame(one)}</SafeText> },
  { key: 'time', title: 'Time', width: '80px', from: 700, render: (one) => <Duration ms={one.executionTimeMs} /> },
]

const percent = (rate: number | null) => (rate === null ? '–' : `${(100 * rate).toFixed(1)} %`)

function Comparison({ card, run }: { card: CardView; run: TestRunView }) {
  const sides = run.versions.flatMap((version) => run.models.map((model) => ({ version, model })))
  const [first, setFirst] = useState(0)
  const [second, setSecond] = useState(1)
  const [one, other] = [sides[first], sides[second]]
  const found = useApi<ComparisonView>(
    first === second ? null : `/prompt-cards/${card.id}/test-runs/${run.id}/comparison`,
    {
      firstVersion: one?.version,
      firstModel: one?.model,
      secondVersion: other?.version,
      secondModel: other?.model,
    },
    { every: run.status === 'running' ? 3_000 : false },
  )
  const options = sides.map((side, place) => ({
    value: `${place}`,
    label: `${side.model || 'the default model'}, version ${side.version}`,
  }))
  const seen = first === second ? undefined : found.data
  return (
    <Panel title="Comparison">
      <Group>
        <Select label="First" data={options} value={`${first}`} onChange={(next) => setFirst(Number(next))} />
        <Select label="Second" data={options} value={`${second}`} onChange={(next) => setSecond(Number(next))} />
      </Group>
      {found.error && first !== second && <ErrorBox error={found.error} retry={() => void found.refetch()} />}
      {seen && (
        <div role="status">
          <p>
            <strong>{text.verdicts[seen.verdict] ?? seen.verdict}</strong> ({seen.n} cases, {seen.discordant} differ, p
            = {seen.p.toPrecision(2)})
          </p>
          <Facts
            items={[
              ['Passed', `${percent(seen.first.passRate)} → ${percent(seen.second.passRate)}`],
              ['Mean time, ms', `${seen.first.meanMs?.toFixed(0) ?? '–'} → ${seen.second.meanMs?.toFixed(0) ?? '–'}`],
              ['p95, ms', `${seen.first.p95Ms?.toFixed(0) ?? '–'} → ${seen.second.p95Ms?.toFixed(0) ?? '–'}`],
              ['Cost', `${moneyText(seen.first.cost)} → ${moneyText(seen.second.cost)}`],
            ]}
          />
        </div>
      )}
    </Panel>
  )
}

/** A run with what each question came to, while it goes on, too. */
export function RunResults({ card, id }: { card: CardView; id: string }) {
  const at = `/prompt-cards/${card.id}/test-runs/${id}`
  const found = useApi<TestRunView>(at, undefined, { every: 2_000 })
  const isRunning = found.data?.status === 'running'
  const results = useList<CardAnswerView>(`${at}/results`, {}, { every: isRunning ? 2_000 : false })
  if (found.error) return <ErrorBox error={found.error} retry={() => void found.refetch()} />
  if (!found.data) return <Waiting rows={3} />
  const run = found.data
  return (
    <>
      {run.models.length * run.versions.length > 1 && <Comparison card={card} run={run} />}
      <Panel title={`Results of ${run.setName}`} flush>
        <DataTable
          label="Results"
          list={results}
          columns={RESULTS}
          rowKey={(one) => one.id}
          empty={<EmptyState title={text.noAnswers} />}
        />
      </Panel>
    </>
  )
}
