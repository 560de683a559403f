import { SegmentedControl } from '@mantine/core'
import { Bell } from 'lucide-react'
import { send } from '../../api/client'
import { useAct, useList } from '../../api/queries'
import type { NotificationView } from '../../api/schema.gen'
import { Go, useParamsOfUrl } from '../../app/links'
import { Act } from '../../ui/Act'
import { EmptyState, Waiting } from '../../ui/EmptyState'
import { ErrorBox } from '../../ui/ErrorBox'
import { tellError } from '../../ui/notify'
import { Page, Panel } from '../../ui/Page'
import { safeHref } from '../../ui/safe'
import { SafeText } from '../../ui/SafeText'
import { Tag, type Tone } from '../../ui/StatusText'
import { TimeText } from '../../ui/TimeText'
import classes from './Notifications.module.css'
import { text } from './text'

const TONES: Record<string, Tone> = { error: 'bad', warning: 'wait', success: 'ok', info: 'run' }

/** Paths of the API in older notifications lead to the page of the same object. */
const pageOf = (link: string | null) => safeHref(link?.replace(/^\/api\/v1\//, '/') ?? null)

function Item({ one, read }: { one: NotificationView; read: () => void }) {
  const href = pageOf(one.link)
  const title = <SafeText most={200}>{one.title}</SafeText>
  return (
    <li className={classes.item} data-unread={one.readAt === null || undefined}>
      <Tag tone={TONES[one.level] ?? 'idle'}>{one.level}</Tag>
      <div className={classes.body}>
        {href?.startsWith('/') ? (
          <Go href={href} className={classes.title} onClick={read}>
            {title}
          </Go>
        ) : href ? (
          <a href={href} className={classes.title} target="_blank" rel="noopener noreferrer" onClick={read}>
            {title}
          </a>
        ) : (
          <span className={classes.title}>{title}</span>
        )}
        {one.body && (
          <p>
            <SafeText most={600}>{one.body}</SafeText>
          </p>
        )}
      </div>
      <span className={classes.when}>
        <TimeText at={one.createdAt} relative />
      </span>
      {one.readAt === null && (
        <Act variant="subtle" size="compact-xs" onClick={read}>
          Read
        </Act>
      )}
    </li>
  )
}

export default function NotificationsPage() {
  const [params, change] = useParamsOfUrl()
  const isUnread = params.show === 'unread'
  const list = useList<NotificationView>('/notifications', { unread: isUnread || undefined }, { every: 30_000 })
  const read = useAct<string>({
    touches: ['/notifications'],
    run: (id) => send('POST', `/notifications/${id}/read`),
    onError: tellError,
  })
  const readAll = useAct({
    touches: ['/notifications'],
    run: () => send('POST', '/notifications/read-all'),
    onError: tellError,
  })
  return (
    <Page
      title={text.title}
      actions={
        <>
          <SegmentedControl
            aria-label="Which"
            value={isUnread ? 'unread' : 'all'}
            onChange={(value) => change({ show: value === 'unread' ? value : null })}
            data={[
              { value: 'all', label: 'All' },
              { value: 'unread', label: 'Unread' },
            ]}
          />
          <Act variant="default" loading={readAll.isPending} onClick={() => readAll.mutate()}>
            Mark all as read
          </Act>
        </>
      }
    >
      <Panel flush>
        <ErrorBox error={list.error} retry={list.reload} />
        {list.isLoading && <Waiting />}
        {!list.isLoading && list.items.length === 0 && (
          <EmptyState icon={Bell} title={text.empty}>
            {text.emptyText}
          </EmptyState>
        )}
        <ul className={classes.list}>
          {list.items.map((one) => (
            <Item key={one.id} one={one} read={() => one.readAt === null && read.mutate(one.id)} />
          ))}
        </ul>
        {list.hasMore && (
          <Act variant="subtle" fullWidth loading={list.isLoadingMore} onClick={list.loadMore}>
            Load more
          </Act>
        )}
      </Panel>
    </Page>
  )
}
