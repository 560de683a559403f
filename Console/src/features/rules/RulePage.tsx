import { useParams } from '@tanstack/react-router'
import { Stack } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { send } from '../../api/client'
import { invalidate, useApi, useList } from '../../api/queries'
import type { RuleMatchView, RuleTestView, RuleView } from '../../api/schema.gen'
import { Go, useGo } from '../../app/links'
import { useMay } from '../../app/permissions'
import { Act } from '../../ui/Act'
import { useConfirm } from '../../ui/Confirm'
import { type Column, DataTable } from '../../ui/DataTable'
import { EmptyState, Waiting } from '../../ui/EmptyState'
import { ErrorBox } from '../../ui/ErrorBox'
import { FieldsForm } from '../../ui/FormDrawer'
import { JsonView } from '../../ui/JsonView'
import { Page, Panel } from '../../ui/Page'
import { SafeText } from '../../ui/SafeText'
import { StatusText } from '../../ui/StatusText'
import { FIELDS, valuesOf } from './fields'
import { text } from './text'

const MATCHES: Column<RuleMatchView>[] = [
  { key: 'target', title: 'Did', width: '130px', render: (one) => one.target },
  { key: 'reason', title: 'Because', render: (one) => <SafeText most={160}>{one.reason}</SafeText> },
  {
    key: 'open',
    title: 'Came of it',
    width: '120px',
    render: (one) =>
      one.executionId ? (
        <Go href={`/executions/${one.executionId}`}>a run</Go>
      ) : one.notified ? (
        `${one.notified} told`
      ) : (
        '–'
      ),
  },
]

const TEST = [
  { name: 'eventId', label: 'Id of an event that came', placeholder: 'from the list of events' },
  {
    name: 'event',
    label: 'Or an event',
    kind: 'json' as const,
    standard: JSON.stringify({ type: 'order.placed', source: '/test', data: {} }, null, 2),
  },
]

function Test({ id }: { id: string }) {
  const [result, setResult] = useState<RuleTestView | null>(null)
  return (
    <Panel title="Try it">
      <Stack gap="sm">
        <span>{text.testText}</span>
        <FieldsForm
          fields={TEST}
          act="Try"
          run={async ({ eventId, event }) => {
            const body = eventId ? { eventId } : { event }
            setResult((await send<RuleTestView>('POST', `/rules/${id}/test`, { body })).data)
          }}
        />
        {result && (
          <div role="status">
            <StatusText
              status={result.matched ? 'matched' : 'skipped'}
              label={result.matched ? 'It would act' : `It would not act: ${result.code}`}
            />
            <p>
              <SafeText most={600}>{result.reason}</SafeText>
            </p>
            {result.values.length > 0 && (
              <p>
                <code>{result.values.join(' · ').slice(0, 600)}</code>
              </p>
            )}
            {result.actions.length > 0 && <JsonView value={result.actions} label="What it would do" />}
          </div>
        )}
      </Stack>
    </Panel>
  )
}

export default function RulePage() {
  const { ruleId: id } = useParams({ strict: false }) as { ruleId: string }
  const confirm = useConfirm()
  const client = useQueryClient()
  const go = useGo()
  const may = useMay()
  const found = useApi<RuleView>(`/rules/${id}`, undefined, { keep: false })
  const matches = useList<RuleMatchView>(`/rules/${id}/matches`)
  const crumbs = [{ label: text.title, href: '/rules' }]
  if (found.error) {
    return (
      <Page title="No rule is at this address" crumbs={crumbs}>
        <ErrorBox error={found.error} retry={() => void found.refetch()} />
      </Page>
    )
  }
  if (!found.data) return <Waiting />
  const rule = found.data
  const remove = () =>
    confirm({
      title: `Delete rule ${rule.name}`,
      body: 'Events are no longer looked at by it. What it did stays.',
      act: 'Delete',
      danger: true,
      run: async () => {
        await send('DELETE', `/rules/${id}`, { ifMatch: rule.version })
        await invalidate(client, ['/rules'])
        go('/rules')
      },
    })
  return (
    <Page
      title={rule.name}
      crumbs={crumbs}
      mark={<StatusText status={rule.enabled ? 'enabled' : 'disabled'} label={rule.enabled ? 'On' : 'Off'} />}
      actions={
        <Act needs="rules.write" variant="default" onClick={remove}>
          Delete…
        </Act>
      }
    >
      <Panel title="Rule">
        {may('rules.write') ? (
          <FieldsForm
            key={rule.version}
            fields={FIELDS}
            initial={valuesOf(rule)}
            touches={['/rules']}
            done={`${rule.name} was changed.`}
            run={(body) => send('PATCH', `/rules/${id}`, { body, ifMatch: rule.version })}
          />
        ) : (
          <JsonView value={rule.definition} label="Definition" />
        )}
      </Panel>
      <Test id={id} />
      <Panel title="What it did" flush>
        <DataTable
          label="What it did"
          list={matches}
          columns={MATCHES}
          rowKey={(one) => `${one.eventId}${one.target}${one.executionId}${one.emittedId}`}
          href={(one) => `/events/${one.eventId}`}
          empty={<EmptyState title="It has not acted yet" />}
        />
      </Panel>
    </Page>
  )
}
