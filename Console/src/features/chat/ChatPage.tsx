import { Button, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQueryClient } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { Plus, Search, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { send } from '../../api/client'
import { invalidate, useList } from '../../api/queries'
import type { ConversationView } from '../../api/schema.gen'
import { Go, useGo } from '../../app/links'
import { Act } from '../../ui/Act'
import { useConfirm } from '../../ui/Confirm'
import { ErrorBox } from '../../ui/ErrorBox'
import { Page } from '../../ui/Page'
import { SafeText } from '../../ui/SafeText'
import { TimeText } from '../../ui/TimeText'
import classes from './ChatPage.module.css'
import { Talk } from './Talk'
import { text } from './text'

function Conversations({ open }: { open: string | undefined }) {
  const [search, setSearch] = useState('')
  const [q] = useDebouncedValue(search.trim(), 250)
  const list = useList<ConversationView>('/conversations', { kind: 'chat', q: q || null })
  return (
    <nav className={classes.side} data-hidden={open ? true : undefined} aria-label="Conversations">
      <TextInput
        size="xs"
        mb="xs"
        aria-label="Find in conversations"
        placeholder="Find"
        leftSection={<Search size={13} aria-hidden />}
        value={search}
        onChange={(event) => setSearch(event.currentTarget.value)}
      />
      <ErrorBox error={list.error} />
      {list.items.map((one) => (
        <Go key={one.id} href={`/chat/${one.id}`} className={classes.one} data-open={one.id === open || undefined}>
          <SafeText most={60}>{one.title || 'Without a title'}</SafeText>
          <div className={classes.when}>
            <TimeText at={one.updatedAt} relative />
          </div>
        </Go>
      ))}
      {q && !list.isLoading && list.items.length === 0 && <p className={classes.when}>Nothing has these words.</p>}
      {list.hasMore && (
        <Button variant="subtle" size="compact-xs" loading={list.isLoadingMore} onClick={list.loadMore}>
          More
        </Button>
      )}
    </nav>
  )
}

export default function ChatPage() {
  const { chatId } = useParams({ strict: false }) as { chatId?: string }
  const go = useGo()
  const confirm = useConfirm()
  const client = useQueryClient()
  const remove = () =>
    confirm({
      title: 'Delete this conversation',
      body: text.deleteText,
      act: 'Delete',
      danger: true,
      run: async () => {
        await send('DELETE', `/conversations/${chatId}`, { ifMatch: '*' })
        await invalidate(client, ['/conversations'])
        go('/chat')
      },
    })
  return (
    <Page
      full
      title={text.title}
      sub={chatId ? undefined : text.sub}
      actions={
        <>
          {chatId && (
            <Act needs="chat.use" variant="subtle" color="red" icon={<Trash2 size={14} aria-hidden />} onClick={remove}>
              Delete
            </Act>
          )}
          <Act needs="chat.use" icon={<Plus size={14} aria-hidden />} onClick={() => go('/chat')}>
            New conversation
          </Act>
        </>
      }
    >
      <div className={classes.layout}>
        <Conversations open={chatId} />
        <Talk key={chatId ?? 'new'} chatId={chatId} />
      </div>
    </Page>
  )
}
