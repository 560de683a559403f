import { ActionIcon, Button, Group, Select, Stack, Switch, Textarea } from '@mantine/core'
import { RotateCcw, Send, Square } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { send } from '../../api/client'
import { useAct, useApi, useList } from '../../api/queries'
import type { ConversationView, MessageView, ModelView } from '../../api/schema.gen'
import { useGo } from '../../app/links'
import { EmptyState, Waiting } from '../../ui/EmptyState'
import { ErrorBox } from '../../ui/ErrorBox'
import { Markdown } from '../../ui/Markdown'
import { safeText } from '../../ui/safe'
import classes from './ChatPage.module.css'
import { Message } from './Message'
import { text } from './text'
import { useTalk } from './useTalk'

/** Asked before their conversation had a page, which asks them once it is there. */
const firstQuestions = new Map<string, string>()

interface AskBoxProps {
  isBusy: boolean
  onAsk: (content: string) => void
  onStop: () => void
}

function AskBox({ isBusy, onAsk, onStop }: AskBoxProps) {
  const [content, setContent] = useState('')
  const submit = () => {
    if (content.trim() === '' || isBusy) return
    onAsk(content.trim())
    setContent('')
  }
  return (
    <form
      className={classes.ask}
      onSubmit={(event) => {
        event.preventDefault()
        submit()
      }}
    >
      <Group align="flex-end" gap="xs" wrap="nowrap">
        <Textarea
          aria-label="Your question"
          placeholder={text.placeholder}
          autosize
          minRows={1}
          maxRows={10}
          flex={1}
          value={content}
          onChange={(event) => setContent(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return
            event.preventDefault()
            submit()
          }}
        />
        {isBusy ? (
          <ActionIcon size="lg" variant="default" aria-label="Stop" onClick={onStop}>
            <Square size={16} aria-hidden />
          </ActionIcon>
        ) : (
          <ActionIcon size="lg" type="submit" aria-label="Send" disabled={content.trim() === ''}>
            <Send size={16} aria-hidden />
          </ActionIcon>
        )}
      </Group>
    </form>
  )
}

function Choices({ chat, models }: { chat: ConversationView; models: ModelView[] }) {
  const change = useAct<Partial<Pick<ConversationView, 'model' | 'knowledge'>>>({
    touches: ['/conversations'],
    run: (body) => send('PATCH', `/conversations/${chat.id}`, { body, ifMatch: '*' }),
  })
  return (
    <Group gap="md" mb="sm">
      <Select
        size="xs"
        aria-label="Model"
        data={[
          { value: '', label: 'The default model' },
          ...models.map((one) => ({ value: one.name, label: one.name })),
        ]}
        value={chat.model}
        allowDeselect={false}
        onChange={(model) => change.mutate({ model: model ?? '' })}
      />
      <Switch
        size="xs"
        label="Answer from our knowledge, with sources"
        checked={chat.knowledge}
        onChange={(event) => change.mutate({ knowledge: event.currentTarget.checked })}
      />
      <ErrorBox error={change.error} />
    </Group>
  )
}

function Messages({ items, coming }: { items: MessageView[]; coming: ReturnType<typeof useTalk>['coming'] }) {
  const end = useRef<HTMLDivElement>(null)
  const length = coming?.text.length ?? 0
  useEffect(() => {
    end.current?.scrollIntoView({ block: 'end' })
  }, [items.length, length])
  const shown = coming ? items.filter((one) => one.status !== 'answering') : items
  const asked = coming?.question
  return (
    <div className={classes.messages} tabIndex={0} role="log" aria-label="Messages">
      {shown.map((one) => (
        <Message key={one.number} message={one} />
      ))}
      {asked && !shown.some((one) => one.number === asked.number) && (
        <article className={classes.message} data-role="user" aria-label="You">
          {safeText(asked.content)}
        </article>
      )}
      {coming && (
        <article className={classes.message} data-role="assistant" aria-label="Answer" aria-busy>
          {coming.text ? <Markdown>{coming.text}</Markdown> : text.thinking}
        </article>
      )}
      <div ref={end} />
    </div>
  )
}

export function Talk({ chatId }: { chatId: string | undefined }) {
  const go = useGo()
  const models = useApi<ModelView[]>('/models', { kind: 'chat', enabled: true, per_page: 100 })
  const chat = useApi<ConversationView>(chatId ? `/conversations/${chatId}` : null)
  // Read once the first question is answered: what is under way without data yet is not read anew.
  const [isFirst, setFirst] = useState(() => chatId !== undefined && firstQuestions.has(chatId))
  const messages = useList<MessageView>(chatId && !isFirst ? `/conversations/${chatId}/messages` : null)
  const talk = useTalk()
  const begin = useAct<string, string>({
    touches: ['/conversations'],
    run: async () => (await send<ConversationView>('POST', '/conversations', { body: {} })).data.id,
    onDone: (id, content) => {
      firstQuestions.set(id, content)
      go(`/chat/${id}`)
    },
  })
  const { ask } = talk
  useEffect(() => {
    const content = chatId && firstQuestions.get(chatId)
    if (!content) return
    firstQuestions.delete(chatId)
    void ask(chatId, { content }).then(() => setFirst(false))
  }, [chatId, ask])
  if (models.error) return <ErrorBox error={models.error} />
  if (!models.data) return <Waiting rows={4} />
  if (models.data.length === 0) return <EmptyState title={text.noModel}>{text.noModelText}</EmptyState>
  if (chat.error) return <ErrorBox error={chat.error} />
  const last = messages.items.at(-1)
  return (
    <Stack gap={0} className={classes.talk}>
      {chat.data && <Choices chat={chat.data} models={models.data} />}
      {messages.hasMore && (
        <Button variant="subtle" size="xs" loading={messages.isLoadingMore} onClick={messages.loadMore}>
          Show more messages
        </Button>
      )}
      {chatId || talk.coming ? (
        <Messages items={messages.items} coming={talk.coming} />
      ) : (
        <EmptyState title={text.none}>{text.noneText}</EmptyState>
      )}
      <ErrorBox error={talk.error ?? begin.error ?? messages.error} />
      {chatId && !talk.isBusy && last?.role === 'assistant' && (
        <Group justify="center" mb="xs">
          <Button
            variant="subtle"
            size="compact-xs"
            leftSection={<RotateCcw size={13} aria-hidden />}
            onClick={() => void talk.ask(chatId, { regenerate: true })}
          >
            Answer again
          </Button>
        </Group>
      )}
      <AskBox
        isBusy={talk.isBusy || begin.isPending}
        onAsk={(content) => (chatId ? void talk.ask(chatId, { content }) : begin.mutate(content))}
        onStop={talk.stop}
      />
    </Stack>
  )
}
