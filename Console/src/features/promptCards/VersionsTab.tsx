import { Group, Select, Stack } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { send } from '../../api/client'
import { invalidate, useApi, useList } from '../../api/queries'
import type { CardDiffView, CardVersionView, CardView } from '../../api/schema.gen'
import { Act } from '../../ui/Act'
import { type Column, DataTable } from '../../ui/DataTable'
import { EmptyState, Waiting } from '../../ui/EmptyState'
import { ErrorBox } from '../../ui/ErrorBox'
import { tellDone } from '../../ui/notify'
import { Panel } from '../../ui/Page'
import { SafeText } from '../../ui/SafeText'
import { Tag } from '../../ui/StatusText'
import { TimeText } from '../../ui/TimeText'
import { text } from './text'

const COLUMNS: Column<CardVersionView>[] = [
  { key: 'number', title: 'Version', width: '80px', render: (one) => one.number },
  { key: 'note', title: 'Note', render: (one) => <SafeText most={120}>{one.note}</SafeText> },
  {
    key: 'published',
    title: 'State',
    width: '100px',
    from: 480,
    render: (one) => (one.isPublished ? <Tag tone="ok">published</Tag> : null),
  },
  { key: 'at', title: 'Made', width: '100px', from: 420, render: (one) => <TimeText at={one.createdAt} relative /> },
]

function Differences({ card, from, to }: { card: CardView; from: number; to: number }) {
  const found = useApi<CardDiffView>(`/prompt-cards/${card.id}/versions/${from}/diff/${to}`)
  if (found.error) return <ErrorBox error={found.error} retry={() => void found.refetch()} />
  if (!found.data) return <Waiting rows={2} />
  if (found.data.changes.length === 0) return <p role="status">They are the same.</p>
  return (
    <Stack gap="sm" role="status">
      {found.data.changes.map((one) => (
        <div key={`${one.part} ${one.name}`}>
          <strong>
            {one.part} <SafeText most={60}>{one.name}</SafeText> {one.kind}
          </strong>
          {one.before !== null && (
            <pre style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
              <SafeText most={4000}>{`− ${JSON.stringify(one.before)}`}</SafeText>
            </pre>
          )}
          {one.after !== null && (
            <pre style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
              <SafeText most={4000}>{`+ ${JSON.stringify(one.after)}`}</SafeText>
            </pre>
          )}
        </div>
      ))}
    </Stack>
  )
}

/** What a card was; two versions side by side. */
export function VersionsTab({ card }: { card: CardView }) {
  const client = useQueryClient()
  const list = useList<CardVersionView>(`/prompt-cards/${card.id}/versions`)
  const [from, setFrom] = useState(Math.max(1, card.number - 1))
  const [to, setTo] = useState(card.number)
  const numbers = list.items.map((one) => ({ value: `${one.number}`, label: `Version ${one.number}` }))
  const act = async (one: CardVersionView, what: string, done: string) => {
    await send('POST', `/prompt-cards/${card.id}/versions/${one.number}/${what}`, { ifMatch: card.version })
    await invalidate(client, ['/prompt-cards'])
    tellDone(done)
  }
  return (
    <>
      <Panel flush>
        <DataTable
          label="Versions"
          list={list}
          columns={COLUMNS}
          rowKey={(one) => `${one.number}`}
          empty={<EmptyState title={text.noVersions} />}
          actionsWidth="190px"
          actions={(one) => (
            <Group gap="xs" wrap="nowrap">
              <Act
                needs="prompts.write"
                size="compact-xs"
                variant="default"
                because={one.isPublished ? 'It is published.' : null}
                onClick={() => void act(one, 'publish', `Version ${one.number} is published.`)}
              >
                Publish
              </Act>
              <Act
                needs="prompts.write"
                size="compact-xs"
                variant="default"
                because={one.number === card.number ? 'It is the newest.' : null}
                onClick={() => void act(one, 'restore', `Version ${one.number} is the newest again.`)}
              >
                Restore
              </Act>
            </Group>
          )}
        />
      </Panel>
      {card.number > 1 && (
        <Panel title="What differs">
          <Group>
            <Select label="From" data={numbers} value={`${from}`} onChange={(next) => next && setFrom(Number(next))} />
            <Select label="To" data={numbers} value={`${to}`} onChange={(next) => next && setTo(Number(next))} />
          </Group>
          <Differences card={card} from={from} to={to} />
        </Panel>
      )}
    </>
  )
}
