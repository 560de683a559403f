import { Stack } from '@mantine/core'
import { PlugZap } from 'lucide-react'
import { useState } from 'react'
import { send } from '../../api/client'
import { useAct, useApi } from '../../api/queries'
import type { ConnectorItem, ConnectorTestView, ConnectorTypeView, ConnectorView } from '../../api/schema.gen'
import { Act } from '../../ui/Act'
import { Waiting } from '../../ui/EmptyState'
import { ErrorBox } from '../../ui/ErrorBox'
import { choices, type Field, type Values } from '../../ui/fields'
import { FieldsForm } from '../../ui/FormDrawer'
import { Facts } from '../../ui/Page'
import { ResourcePage } from '../../ui/ResourcePage'
import { SafeText } from '../../ui/SafeText'
import { StatusText } from '../../ui/StatusText'
import { TimeText } from '../../ui/TimeText'
import { text } from './text'

const PREFIX = 'config.'

/** Inputs for the members of a type of connectors. A secret that is set is kept when nothing is typed. */
const configFields = (type: ConnectorTypeView, isNew: boolean): Field[] =>
  type.fields.map((field) => ({
    name: PREFIX + field.name,
    label: field.name,
    help: field.summary,
    required: isNew && field.required,
    kind: field.secret ? 'password' : field.choices && field.choices.length > 0 ? 'select' : 'text',
    options: choices(field.choices ?? []),
    placeholder: field.secret && !isNew ? 'stays as it is' : (field.default ?? undefined),
  }))

function configOf(body: Values): Values {
  const config: Values = {}
  for (const [name, value] of Object.entries(body))
    if (name.startsWith(PREFIX)) config[name.slice(PREFIX.length)] = value
  return config
}

function Detail({ id, types }: { id: string; types: ConnectorTypeView[] }) {
  const found = useApi<ConnectorView>(`/connectors/${id}`)
  const [result, setResult] = useState<ConnectorTestView | null>(null)
  const test = useAct({
    touches: ['/connectors'],
    run: async () => (await send<ConnectorTestView>('POST', `/connectors/${id}/test`)).data,
    onDone: setResult,
  })
  if (found.error) return <ErrorBox error={found.error} />
  if (!found.data) return <Waiting rows={3} />
  const connector = found.data
  const type = types.find((one) => one.name === connector.type)
  const initial: Values = { description: connector.description, status: connector.status }
  for (const field of type?.fields ?? []) if (!field.secret) initial[PREFIX + field.name] = connector.config[field.name]
  return (
    <Stack gap="md">
      <Facts
        items={[
          ['Type', connector.type],
          ['Tested', <TimeText key="t" at={connector.testedAt} relative none="never" />],
          ['Came to', <SafeText key="m">{connector.testMessage ?? '–'}</SafeText>],
        ]}
      />
      <div>
        <Act needs="connectors.write" variant="default" loading={test.isPending} onClick={() => test.mutate()}>
          Test
        </Act>
      </div>
      {result && (
        <div role="status">
          <StatusText status={result.succeeded ? 'succeeded' : 'failed'} />{' '}
          <SafeText most={400}>{result.message}</SafeText>
        </div>
      )}
      <ErrorBox error={test.error} />
      <FieldsForm
        key={connector.version}
        fields={[
          { name: 'description', label: 'Description', kind: 'textarea' },
          { name: 'status', label: 'Status', kind: 'select', options: choices(['active', 'disabled']), required: true },
          ...(type ? configFields(type, false) : []),
        ]}
        initial={initial}
        touches={['/connectors']}
        done={`${connector.name} was changed.`}
        run={({ description, status, ...rest }) => {
          const config = configOf(rest)
          const body = { description, status, ...(Object.keys(config).length > 0 ? { config } : {}) }
          return send('PATCH', `/connectors/${id}`, { body, ifMatch: connector.version })
        }}
      />
    </Stack>
  )
}

export default function ConnectorsPage() {
  const types = useApi<ConnectorTypeView[]>('/connectors/types', undefined, { staleTime: 600_000 })
  const known = types.data ?? []
  const create: Field[] = [
    { name: 'name', label: 'Name', required: true },
    {
      name: 'type',
      label: 'Type',
      kind: 'select',
      required: true,
      options: known.map((one) => ({ value: one.name, label: one.name })),
    },
    { name: 'description', label: 'Description', kind: 'textarea' },
    ...known.flatMap((type) =>
      configFields(type, true).map((field) => ({
        ...field,
        name: `${type.name}/${field.name}`,
        when: (values: Values) => values.type === type.name,
      })),
    ),
  ]
  return (
    <ResourcePage<ConnectorItem>
      title={text.title}
      sub={text.sub}
      resource={{
        noun: 'connector',
        path: '/connectors',
        needs: 'connectors.write',
        icon: PlugZap,
        empty: text.empty,
        emptyText: text.emptyText,
        nameOf: (one) => one.name,
        keyOf: (one) => one.id,
        versionOf: (one) => one.version,
        create,
        toBody: ({ name, type, description, ...rest }) => ({
          name,
          type,
          description,
          config: configOf(
            Object.fromEntries(Object.entries(rest).map(([key, value]) => [key.slice(key.indexOf('/') + 1), value])),
          ),
        }),
        detail: (one) => <Detail id={one.id} types={known} />,
        deletable: true,
        deleteText: () => text.deleteText,
        columns: [
          { key: 'name', title: 'Name', render: (one) => <SafeText most={80}>{one.name}</SafeText> },
          { key: 'type', title: 'Type', width: '100px', render: (one) => one.type },
          {
            key: 'status',
            title: 'Status',
            width: '110px',
            from: 460,
            render: (one) => <StatusText status={one.status} />,
          },
          {
            key: 'test',
            title: 'Last test',
            width: '140px',
            from: 640,
            render: (one) =>
              one.testSucceeded === null ? '–' : <StatusText status={one.testSucceeded ? 'succeeded' : 'failed'} />,
          },
          {
            key: 'updated',
            title: 'Changed',
            width: '110px',
            from: 760,
            render: (one) => <TimeText at={one.updatedAt} relative />,
          },
        ],
      }}
    />
  )
}
