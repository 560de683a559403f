import { Button, Group, Stack, Textarea } from '@mantine/core'
import { ArrowLeft } from 'lucide-react'
import { useState } from 'react'
import { send } from '../../api/client'
import { useAct, useApi } from '../../api/queries'
import type { ApprovalView } from '../../api/schema.gen'
import { useSession } from '../../api/session'
import { Go } from '../../app/links'
import { Act } from '../Act'
import { Waiting } from '../EmptyState'
import { ErrorBox } from '../ErrorBox'
import { JsonView } from '../JsonView'
import { Markdown } from '../Markdown'
import { Facts, Panel } from '../Page'
import { SafeText } from '../SafeText'
import { StatusText, Tag } from '../StatusText'
import { TimeText } from '../TimeText'
import classes from './Request.module.css'
import { Decision } from './Decision'
import { text } from './text'

interface Props {
  id: string
  onDecided: () => void
  onBack: () => void
}

function Comments({ request }: { request: ApprovalView }) {
  const [words, setWords] = useState('')
  const act = useAct({
    touches: ['/approvals'],
    run: () => send('POST', `/approvals/${request.id}/comment`, { body: { text: words.trim() } }),
    onDone: () => setWords(''),
  })
  const comments = request.comments as { text?: string; by?: string; createdAt?: string; at?: string; id?: string }[]
  return (
    <Stack gap="xs">
      {comments.map((one, index) => (
        <div key={one.id ?? index} className={classes.comment}>
          <SafeText most={2000}>{one.text}</SafeText>
          <span className={classes.dim}>
            <SafeText>{one.by}</SafeText> <TimeText at={one.createdAt ?? one.at} relative />
          </span>
        </div>
      ))}
      <Textarea
        aria-label="Add a comment"
        placeholder="Add a comment"
        value={words}
        onChange={(event) => setWords(event.currentTarget.value)}
      />
      <ErrorBox error={act.error} />
      <Group>
        <Act
          needs="approvals.decide"
          variant="default"
          size="compact-sm"
          because={words.trim() ? null : 'Write something first.'}
          loading={act.isPending}
          onClick={() => act.mutate()}
        >
          Comment
        </Act>
      </Group>
    </Stack>
  )
}

/** What is asked, and what can be done about it now. */
export function Question({ request, onDecided }: { request: ApprovalView; onDecided: () => void }) {
  return (
    <Stack gap="md">
      {request.description && <Markdown>{request.description}</Markdown>}
      <Facts
        items={[
          ['Asked', <TimeText key="c" at={request.createdAt} relative />],
          ['Due', <TimeText key="d" at={request.dueAt} none="at any time" />],
          ['Expires', <TimeText key="e" at={request.expiresAt} none="never" />],
        ]}
      />
      {request.data !== null && <JsonView value={request.data} label="What it is about" maxHeight="30vh" />}
      {request.status === 'open' ? (
        <Decision request={request} onDecided={onDecided} />
      ) : (
        <p className={classes.dim}>{text.decided(request.status)}</p>
      )}
    </Stack>
  )
}

/** Who is asked, how many of them must agree, and who has decided so far. */
export function Quorum({ request }: { request: ApprovalView }) {
  const { me } = useSession()
  return (
    <Stack gap="xs">
      <span className={classes.dim}>{text.modes[request.mode]?.(request.required)}</span>
      <div className={classes.people}>
        {request.assignees.map((one) => (
          <Tag key={`${one.kind}${one.id}`} tone={one.id === me?.id ? 'run' : 'idle'}>
            {one.kind}: <SafeText most={40}>{one.name ?? one.id}</SafeText>
            {one.delegatedFrom && ' (delegated)'}
            {one.coveredBy && ' (covered)'}
          </Tag>
        ))}
        {request.unknownAssignees.map((one) => (
          <Tag key={one} tone="bad">
            unknown: <SafeText most={40}>{one}</SafeText>
          </Tag>
        ))}
      </div>
      {request.decisions.map((one) => (
        <div key={one.userId} className={classes.comment}>
          <StatusText
            status={one.decision === 'approve' ? 'approved' : 'rejected'}
            label={`${one.decision === 'approve' ? 'Approved' : 'Rejected'} by ${one.by}`}
          />
          {one.comment && <SafeText most={1000}>{one.comment}</SafeText>}
          <span className={classes.dim}>
            <TimeText at={one.at} relative />
          </span>
        </div>
      ))}
    </Stack>
  )
}

export const quorumTitle = (request: ApprovalView) =>
  `${request.decisions.filter((one) => one.decision === 'approve').length} of ${request.required} approvals`

export function Request({ id, onDecided, onBack }: Props) {
  const found = useApi<ApprovalView>(`/approvals/${id}`, undefined, { keep: false })
  if (found.error) return <ErrorBox error={found.error} retry={() => void found.refetch()} />
  if (!found.data) return <Waiting />
  const request = found.data
  return (
    <div className={classes.request}>
      <Button
        className={classes.back}
        variant="subtle"
        leftSection={<ArrowLeft size={14} aria-hidden />}
        onClick={onBack}
      >
        All requests
      </Button>
      <Panel
        title={<SafeText most={200}>{request.title}</SafeText>}
        actions={
          <>
            <Go href={`/executions/${request.executionId}?node=${request.nodeId}`}>Its run</Go>
            <StatusText status={request.status} />
          </>
        }
      >
        <Question request={request} onDecided={onDecided} />
      </Panel>
      <Panel title={quorumTitle(request)}>
        <Quorum request={request} />
      </Panel>
      <Panel title="Comments">
        <Comments request={request} />
      </Panel>
    </div>
  )
}
