import { Stack } from '@mantine/core'
import { BrainCircuit } from 'lucide-react'
import { useState } from 'react'
import { send } from '../../api/client'
import { useAct, useApi } from '../../api/queries'
import type { ConnectorItem, ModelTestView, ModelView } from '../../api/schema.gen'
import { Act } from '../../ui/Act'
import { choices, type Field } from '../../ui/fields'
import { Facts } from '../../ui/Page'
import { ResourceList } from '../../ui/ResourcePage'
import { SafeText } from '../../ui/SafeText'
import { StatusText } from '../../ui/StatusText'
import { TimeText } from '../../ui/TimeText'
import { moneyText } from '../../ui/money'
import { text } from './text'

const fieldsOf = (connectors: ConnectorItem[], isNew: boolean): Field[] => [
  {
    name: 'connectorId',
    label: 'Connector',
    kind: 'select',
    required: isNew,
    options: connectors.map((one) => ({ value: one.id, label: one.name })),
    help: 'Of the type model: the provider, its address and key.',
  },
  { name: 'model', label: "The provider's name for it", required: isNew, placeholder: 'gpt-5-mini' },
  { name: 'description', label: 'Description', kind: 'textarea' },
  { name: 'inputPrice', label: 'Price of a million tokens in, $', kind: 'number', min: 0, standard: 0 },
  {
    name: 'outputPrice',
    label: 'Price of a million tokens out, $',
    kind: 'number',
    min: 0,
    standard: 0,
    when: (values) => values.kind !== 'embedding',
  },
  {
    name: 'maxOutputTokens',
    label: 'Tokens of an answer at most',
    kind: 'number',
    min: 0,
    help: 'Reserved of budgets for each call; 0 = not known.',
    when: (values) => values.kind !== 'embedding',
  },
  { name: 'contextTokens', label: 'Tokens of question and answer together', kind: 'number', min: 0 },
  {
    name: 'dimensions',
    label: 'Numbers of a vector',
    kind: 'number',
    min: 0,
    when: (values) => values.kind === 'embedding',
  },
  { name: 'callsPerMinute', label: 'Calls a minute at most', kind: 'number', min: 0, help: '0 = any number.' },
  { name: 'timeoutSeconds', label: 'Seconds until it is given up', kind: 'number', min: 1, max: 600, standard: 120 },
  { name: 'isDefault', label: 'Meant where no model is named', kind: 'switch' },
  { name: 'enabled', label: 'On', kind: 'switch', standard: true },
]

function Detail({ model }: { model: ModelView }) {
  const [result, setResult] = useState<ModelTestView | null>(null)
  const found = useApi<ModelView>(`/models/${model.id}`)
  const now = found.data ?? model
  const test = useAct({
    touches: ['/models'],
    run: async () => (await send<ModelTestView>('POST', `/models/${model.id}/test`)).data,
    onDone: setResult,
  })
  return (
    <Stack gap="md">
      <Facts
        items={[
          ['Kind', now.kind],
          ['Connector', <SafeText key="c">{now.connector ?? 'gone'}</SafeText>],
          ['Last asked', <TimeText key="t" at={now.checkedAt} relative none="never" />],
          ...(now.checkMessage
            ? [['Came to', <SafeText key="m">{now.checkMessage}</SafeText>] as [string, React.ReactNode]]
            : []),
        ]}
      />
      <div>
        <Act needs="models.write" variant="default" loading={test.isPending} onClick={() => test.mutate()}>
          Test
        </Act>
      </div>
      {result && (
        <div role="status">
          <StatusText status={result.succeeded ? 'succeeded' : 'failed'} />{' '}
          <SafeText most={400}>{result.message}</SafeText>
          {result.costUsd !== null && ` (${moneyText(result.costUsd)})`}
        </div>
      )}
    </Stack>
  )
}

export function Registry() {
  const found = useApi<ConnectorItem[]>('/connectors', { per_page: 100 })
  const connectors = (found.data ?? []).filter((one) => one.type === 'model')
  return (
    <ResourceList<ModelView>
      resource={{
        noun: 'model',
        path: '/models',
        needs: 'models.write',
        icon: BrainCircuit,
        empty: text.empty,
        emptyText: text.emptyText,
        nameOf: (one) => one.name,
        keyOf: (one) => one.id,
        versionOf: (one) => one.version,
        create: [
          { name: 'name', label: 'Name', required: true, help: 'By which nodes and chats name it; stays as it is.' },
          {
            name: 'kind',
            label: 'Kind',
            kind: 'select',
            required: true,
            standard: 'chat',
            options: choices(['chat', 'embedding']),
          },
          ...fieldsOf(connectors, true),
        ],
        edit: (one) => fieldsOf(connectors, false).filter((field) => !field.when || field.when({ kind: one.kind })),
        detail: (one) => <Detail key={one.id} model={one} />,
        deletable: true,
        deleteText: () => text.deleteText,
        columns: [
          {
            key: 'name',
            title: 'Name',
            render: (one) => (
              <>
                <SafeText most={80}>{one.name}</SafeText>
                {one.isDefault && ' · default'}
              </>
            ),
          },
          { key: 'kind', title: 'Kind', width: '110px', from: 480, render: (one) => one.kind },
          {
            key: 'model',
            title: "Provider's name",
            from: 760,
            render: (one) => <SafeText most={60}>{one.model}</SafeText>,
          },
          {
            key: 'price',
            title: '$ for a million, in / out',
            width: '170px',
            from: 640,
            render: (one) => `${one.inputPrice.toLocaleString('en')} / ${one.outputPrice.toLocaleString('en')}`,
          },
          {
            key: 'state',
            title: 'State',
            width: '130px',
            render: (one) =>
              !one.enabled ? (
                <StatusText status="disabled" label="Off" />
              ) : one.checkSucceeded === null ? (
                'not asked yet'
              ) : (
                <StatusText
                  status={one.checkSucceeded ? 'succeeded' : 'failed'}
                  label={one.checkSucceeded ? 'Answers' : 'Fails'}
                />
              ),
          },
        ],
      }}
    />
  )
}
