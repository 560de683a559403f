import { Drawer, Stack, TextInput } from '@mantine/core'
import { Blocks, Search } from 'lucide-react'
import { createElement, useState } from 'react'
import { useApi } from '../../api/queries'
import type { NodeDefinitionView } from '../../api/schema.gen'
import { useParamsOfUrl } from '../../app/links'
import { Waiting } from '../../ui/EmptyState'
import { ErrorBox } from '../../ui/ErrorBox'
import { nodeIcon } from '../../ui/graph/nodeIcon'
import { Markdown } from '../../ui/Markdown'
import { Page, PageTabs } from '../../ui/Page'
import { ResourceList } from '../../ui/ResourcePage'
import { SafeText } from '../../ui/SafeText'
import { Tag } from '../../ui/StatusText'
import { TimeText } from '../../ui/TimeText'
import classes from './Nodes.module.css'
import { text } from './text'

interface Parameter {
  name: string
  kind: string
  required: boolean
  summary: string
  default?: unknown
  choices?: string[]
}

interface NodeType {
  name: string
  category: string
  effect: string
  summary: string
  output?: string
  ports?: { name: string; summary: string }[]
  parameters?: Parameter[]
}

function Detail({ name, close }: { name: string; close: () => void }) {
  const found = useApi<NodeType>(`/node-types/${name}`, undefined, { staleTime: 600_000 })
  const type = found.data
  return (
    <Drawer opened onClose={close} title={name} size={600}>
      <ErrorBox error={found.error} />
      {found.isLoading && <Waiting />}
      {type && (
        <Stack gap="md">
          <Markdown>{type.summary}</Markdown>
          {(type.parameters?.length ?? 0) > 0 && <strong>Parameters</strong>}
          <dl className={classes.parameters}>
            {type.parameters?.map((one) => (
              <div key={one.name} className={classes.parameter}>
                <dt>
                  <code>{one.name}</code> <Tag>{one.kind}</Tag> {one.required && <Tag tone="wait">required</Tag>}
                </dt>
                <dd>
                  <Markdown>{one.summary}</Markdown>
                  {one.choices && <span className={classes.dim}>{one.choices.join(', ')}</span>}
                  {one.default !== undefined && (
                    <span className={classes.dim}> Default: {JSON.stringify(one.default)}</span>
                  )}
                </dd>
              </div>
            ))}
          </dl>
          {type.output && (
            <div>
              <strong>Output</strong>
              <Markdown>{type.output}</Markdown>
            </div>
          )}
          {type.ports?.map((port) => (
            <div key={port.name}>
              <Tag tone="run">{port.name}</Tag> {port.summary}
            </div>
          ))}
        </Stack>
      )}
    </Drawer>
  )
}

function Catalogue() {
  const [params, change] = useParamsOfUrl()
  const [typed, setTyped] = useState('')
  const types = useApi<NodeType[]>('/node-types', undefined, { staleTime: 600_000 })
  if (types.error) return <ErrorBox error={types.error} retry={() => void types.refetch()} />
  if (!types.data) return <Waiting />
  const words = typed.trim().toLowerCase()
  const shown = types.data.filter((one) => `${one.name} ${one.summary}`.toLowerCase().includes(words))
  const categories = [...new Set(shown.map((one) => one.category))]
  return (
    <>
      <TextInput
        size="xs"
        w={260}
        data-filter
        aria-label="Find a node type"
        placeholder="Find a node type"
        leftSection={<Search size={13} aria-hidden />}
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
      />
      {categories.map((category) => (
        <section key={category}>
          <h2 className={classes.category}>{category}</h2>
          <div className={classes.grid}>
            {shown
              .filter((one) => one.category === category)
              .map((one) => {
                return (
                  <button
                    key={one.name}
                    type="button"
                    className={classes.card}
                    onClick={() => change({ open: one.name })}
                  >
                    <span className={classes.icon}>
                      {createElement(nodeIcon(one.name), { size: 17, 'aria-hidden': true })}
                    </span>
                    <span className={classes.words}>
                      <strong>{one.name}</strong>
                      <span className={classes.summary}>{one.summary}</span>
                    </span>
                  </button>
                )
              })}
          </div>
        </section>
      ))}
      {params.open && <Detail name={params.open} close={() => change({ open: null })} />}
    </>
  )
}

function Own() {
  const fields = [
    { name: 'description', label: 'Description', kind: 'textarea' as const },
    {
      name: 'schema',
      label: 'Parameters',
      kind: 'json' as const,
      required: true,
      standard: '{"type": "object", "properties": {}}',
    },
    {
      name: 'implementation',
      label: 'Implementation',
      kind: 'json' as const,
      required: true,
      standard: '{"nodes": [], "edges": []}',
    },
  ]
  return (
    <ResourceList<NodeDefinitionView>
      resource={{
        noun: 'node type',
        path: '/node-definitions',
        needs: 'workflows.write',
        icon: Blocks,
        empty: text.noOwn,
        emptyText: text.noOwnText,
        nameOf: (one) => one.name,
        keyOf: (one) => one.id,
        versionOf: (one) => one.version,
        create: [{ name: 'name', label: 'Name', required: true }, ...fields],
        edit: fields,
        deletable: true,
        drawerSize: 600,
        columns: [
          { key: 'name', title: 'Name', render: (one) => <SafeText most={80}>{one.name}</SafeText> },
          { key: 'type', title: 'Type', width: 'minmax(0, 160px)', render: (one) => <code>{one.type}</code> },
          {
            key: 'description',
            title: 'Description',
            from: 560,
            render: (one) => <SafeText most={120}>{one.description}</SafeText>,
          },
          {
            key: 'updated',
            title: 'Changed',
            width: '110px',
            from: 480,
            render: (one) => <TimeText at={one.updatedAt} relative />,
          },
        ],
      }}
    />
  )
}

export default function NodesPage() {
  const [params, change] = useParamsOfUrl()
  const tab = params.tab === 'own' ? 'own' : 'types'
  return (
    <Page
      title={text.title}
      sub={text.sub}
      tabs={
        <PageTabs
          label={text.title}
          value={tab}
          onChange={(next) => change({ tab: next, open: null })}
          items={[
            { value: 'types', label: 'Built in' },
            { value: 'own', label: text.own },
          ]}
        />
      }
    >
      {tab === 'types' ? <Catalogue /> : <Own />}
    </Page>
  )
}
