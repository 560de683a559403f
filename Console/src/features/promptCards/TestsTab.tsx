import { Progress, Stack } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { send } from '../../api/client'
import { invalidate, useApi, useList } from '../../api/queries'
import type { CardView, ModelView, TestRunView, TestSetView } from '../../api/schema.gen'
import { useParamsOfUrl } from '../../app/links'
import { useMay } from '../../app/permissions'
import { type Column, DataTable } from '../../ui/DataTable'
import { EmptyState } from '../../ui/EmptyState'
import type { Field, Values } from '../../ui/fields'
import { FormDrawer } from '../../ui/FormDrawer'
import { Panel } from '../../ui/Page'
import { ResourceList } from '../../ui/ResourcePage'
import { SafeText } from '../../ui/SafeText'
import { StatusText } from '../../ui/StatusText'
import { TimeText } from '../../ui/TimeText'
import { Act } from '../../ui/Act'
import { exampleOf } from './fields'
import { moneyText } from '../../ui/money'
import { RunResults } from './RunResults'
import { text } from './text'

const RUNS: Column<TestRunView>[] = [
  { key: 'set', title: 'Test set', render: (one) => <SafeText most={80}>{one.setName}</SafeText> },
  { key: 'status', title: 'Status', width: '120px', render: (one) => <StatusText status={one.status} /> },
  {
    key: 'progress',
    title: 'Progress',
    width: '150px',
    from: 480,
    render: (one) => (
      <div style={{ inlineSize: '100%' }}>
        {one.done} of {one.total}, {one.passed} passed
        <Progress value={one.total === 0 ? 0 : (100 * one.done) / one.total} size="xs" aria-label="Progress" />
      </div>
    ),
  },
  { key: 'cost', title: 'Cost', width: '90px', from: 620, render: (one) => moneyText(one.used) },
  { key: 'at', title: 'Began', width: '100px', from: 560, render: (one) => <TimeText at={one.createdAt} relative /> },
]

function StartDrawer({ card, set, close }: { card: CardView; set: TestSetView; close: () => void }) {
  const may = useMay()
  const [, change] = useParamsOfUrl()
  const models = useApi<ModelView[]>(may('models.read') ? '/models' : null, { kind: 'chat', per_page: 100 })
  const fields: Field[] = [
    {
      name: 'models',
      label: 'Models',
      kind: 'multi',
      options: (models.data ?? []).filter((one) => one.enabled).map((one) => ({ value: one.name, label: one.name })),
      help: text.modelsHelp,
    },
    {
      name: 'versions',
      label: 'Versions',
      kind: 'multi',
      options: Array.from({ length: Math.min(card.number, 200) }, (_, back) => {
        const number = `${card.number - back}`
        return { value: number, label: `Version ${number}` }
      }),
    },
    { name: 'repeats', label: 'How often each case is asked', kind: 'number', min: 1, max: 20, standard: 1 },
    { name: 'costLimit', label: 'Cost limit, $', kind: 'number', min: 0, help: text.costLimitHelp },
  ]
  return (
    <FormDrawer
      title={`Run ${set.name}`}
      fields={fields}
      act="Run"
      touches={[`/prompt-cards/${card.id}`]}
      close={close}
      run={async (values: Values) => {
        const versions = (values.versions as string[] | undefined)?.map(Number)
        const made = await send<TestRunView>('POST', `/prompt-cards/${card.id}/test-sets/${set.id}/run`, {
          body: { ...values, versions },
        })
        change({ run: made.data.id })
      }}
    />
  )
}

const setFields = (card: CardView): Field[] => [
  { name: 'name', label: 'Name', required: true },
  { name: 'description', label: 'Description', kind: 'textarea' },
  {
    name: 'cases',
    label: 'Cases',
    kind: 'json',
    required: true,
    help: text.casesHelp,
    standard: JSON.stringify(
      [{ name: 'first', variables: exampleOf(card), assertions: [{ type: 'contains', value: 'a word' }] }],
      null,
      2,
    ),
  },
]

/** Test sets of a card, their runs, and what came of the one that is looked at. */
export function TestsTab({ card }: { card: CardView }) {
  const [params, change] = useParamsOfUrl()
  const [starting, setStarting] = useState<TestSetView | null>(null)
  const client = useQueryClient()
  const at = `/prompt-cards/${card.id}`
  const runs = useList<TestRunView>(`${at}/test-runs`, {}, { every: 2_000 })
  const cancel = async (one: TestRunView) => {
    await send('POST', `${at}/test-runs/${one.id}/cancel`)
    await invalidate(client, [at])
  }
  return (
    <Stack gap="md">
      <ResourceList<TestSetView>
        resource={{
          noun: 'test set',
          path: `${at}/test-sets`,
          needs: 'prompts.write',
          empty: text.noSets,
          emptyText: text.noSetsText,
          nameOf: (one) => one.name,
          keyOf: (one) => one.id,
          versionOf: (one) => one.version,
          create: setFields(card),
          edit: setFields(card),
          deletable: true,
          drawerSize: 640,
          actionsWidth: '90px',
          rowActions: (one) => (
            <Act needs="prompts.run" size="compact-xs" variant="default" onClick={() => setStarting(one)}>
              Run…
            </Act>
          ),
          columns: [
            { key: 'name', title: 'Test set', render: (one) => <SafeText most={80}>{one.name}</SafeText> },
            { key: 'cases', title: 'Cases', width: '80px', align: 'end', render: (one) => one.cases.length },
          ],
        }}
      />
      <Panel title="Runs" flush>
        <DataTable
          label="Runs of test sets"
          list={runs}
          columns={RUNS}
          rowKey={(one) => one.id}
          onOpen={(one) => change({ run: one.id })}
          empty={<EmptyState title={text.noRuns} />}
          actionsWidth="90px"
          actions={(one) =>
            one.status === 'running' ? (
              <Act needs="prompts.run" size="compact-xs" variant="default" onClick={() => void cancel(one)}>
                Cancel
              </Act>
            ) : null
          }
        />
      </Panel>
      {params.run && <RunResults key={params.run} card={card} id={params.run} />}
      {starting && <StartDrawer card={card} set={starting} close={() => setStarting(null)} />}
    </Stack>
  )
}
