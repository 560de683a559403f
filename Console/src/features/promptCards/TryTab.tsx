import { SimpleGrid, Stack } from '@mantine/core'
import { useState } from 'react'
import { send } from '../../api/client'
import { useApi } from '../../api/queries'
import type { CardAnswerView, CardRunView, CardView, ModelView, RenderView } from '../../api/schema.gen'
import { useMay } from '../../app/permissions'
import type { Field, Values } from '../../ui/fields'
import { FieldsForm } from '../../ui/FormDrawer'
import { Facts, Panel } from '../../ui/Page'
import { SafeText } from '../../ui/SafeText'
import { StatusText, Tag } from '../../ui/StatusText'
import { Duration } from '../../ui/TimeText'
import { exampleOf } from './fields'
import { moneyText } from '../../ui/money'
import { text } from './text'

function Answer({ one }: { one: CardAnswerView }) {
  const error = one.error as { code?: string; message?: string } | null
  return (
    <Panel title={one.model || 'The default model'}>
      <Facts
        items={[
          ['Time', <Duration key="time" ms={one.executionTimeMs} />],
          ['Tokens', `${one.inputTokens} in, ${one.outputTokens} out`],
          ['Cost', moneyText(one.costUsd)],
        ]}
      />
      {error ? (
        <div role="alert">
          <StatusText status="failed" label={error.code ?? 'It failed'} />
          <p>
            <SafeText most={1000}>{error.message}</SafeText>
          </p>
        </div>
      ) : (
        <p style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
          <SafeText most={20000}>{one.answer}</SafeText>
        </p>
      )}
    </Panel>
  )
}

function Messages({ prompt }: { prompt: RenderView }) {
  return (
    <Stack gap="xs" role="status">
      {prompt.messages.map((message, place) => (
        <div key={place}>
          <Tag>{message.role}</Tag>
          <p style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
            <SafeText most={20000}>{message.text}</SafeText>
          </p>
        </div>
      ))}
    </Stack>
  )
}

/** A card filled with variables: what it asks, and what several models answer side by side. */
export function TryTab({ card }: { card: CardView }) {
  const may = useMay()
  const [prompt, setPrompt] = useState<RenderView | null>(null)
  const [run, setRun] = useState<CardRunView | null>(null)
  const models = useApi<ModelView[]>(may('models.read') ? '/models' : null, { kind: 'chat', per_page: 100 })
  const variables: Field = {
    name: 'variables',
    label: 'Variables',
    kind: 'json',
    standard: JSON.stringify(exampleOf(card), null, 2),
  }
  const version: Field = { name: 'version', label: 'Version', kind: 'number', min: 1, max: card.number }
  const named: Field = {
    name: 'models',
    label: 'Models',
    kind: 'multi',
    options: (models.data ?? []).filter((one) => one.enabled).map((one) => ({ value: one.name, label: one.name })),
    help: text.modelsHelp,
  }
  const at = `/prompt-cards/${card.id}`
  return (
    <>
      <Panel title="What it asks">
        <FieldsForm
          key={`render ${card.number}`}
          fields={[variables, version]}
          act="Fill"
          run={async (body: Values) => setPrompt((await send<RenderView>('POST', `${at}/render`, { body })).data)}
        />
        {prompt && <Messages prompt={prompt} />}
      </Panel>
      {may('prompts.run') && (
        <Panel title="What models answer">
          <FieldsForm
            key={`run ${card.number}`}
            fields={[variables, named, version]}
            act="Ask"
            touches={[at]}
            run={async (body: Values) => setRun((await send<CardRunView>('POST', `${at}/run`, { body })).data)}
          />
        </Panel>
      )}
      {run && (
        <SimpleGrid cols={{ base: 1, md: Math.min(3, run.answers.length) }} role="status">
          {run.answers.map((one) => (
            <Answer key={one.id} one={one} />
          ))}
        </SimpleGrid>
      )}
    </>
  )
}
