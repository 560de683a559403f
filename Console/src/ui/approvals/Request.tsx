import { Button, Group, Modal, Stack, Textarea } from '@mantine/core'
import { ArrowLeft, Check, X } from 'lucide-react'
import { useMemo, useState } from 'react'
import { send } from '../../api/client'
import { useAct, useApi } from '../../api/queries'
import type { ApprovalView, DecidedView } from '../../api/schema.gen'
import { useSession } from '../../api/session'
import { useKeys } from '../../app/keys'
import { Go } from '../../app/links'
import { Act } from '../../ui/Act'
import { Waiting } from '../../ui/EmptyState'
import { ErrorBox } from '../../ui/ErrorBox'
import { FieldInput } from '../../ui/FieldInput'
import { type Field, problemsOf, readValues, startValues } from '../../ui/fields'
import { JsonView } from '../../ui/JsonView'
import { Markdown } from '../../ui/Markdown'
import { tellDone } from '../../ui/notify'
import { Facts, Panel } from '../../ui/Page'
import { PersonPicker } from '../../ui/PersonPicker'
import { SafeText } from '../../ui/SafeText'
import { schemaFields } from '../../ui/schemaFields'
import { StatusText, Tag } from '../../ui/StatusText'
import { TimeText } from '../../ui/TimeText'
import classes from './Approvals.module.css'
import { text } from './text'

interface Props {
  id: string
  onDecided: () => void
  onBack: () => void
}

const formFields = (form: unknown): Field[] =>
  form ? (schemaFields(form) ?? [{ name: '$form', label: 'Form', kind: 'json', standard: '{}' }]) : []

function Decision({ request, onDecided }: { request: ApprovalView; onDecided: () => void }) {
  const fields = useMemo(() => formFields(request.form), [request.form])
  const [values, setValues] = useState(() => startValues(fields))
  const [problems, setProblems] = useState<Record<string, string>>({})
  const [comment, setComment] = useState('')
  const [isDelegating, setDelegating] = useState(false)
  const act = useAct<'approve' | 'reject', DecidedView>({
    touches: ['/approvals', '/executions'],
    run: async (decision) => {
      const reading = readValues(fields, values)
      const form = '$form' in reading.body ? reading.body.$form : reading.body
      const sent = fields.length > 0 && decision === 'approve' ? { form } : {}
      return (
        await send<DecidedView>('POST', `/approvals/${request.id}/decide`, { body: { decision, comment, ...sent } })
      ).data
    },
    onDone: (result) => {
      tellDone(`${request.title}: ${result.status}`)
      onDecided()
    },
    onError: (error) =>
      setProblems(
        problemsOf(
          fields,
          error.details.map((detail) => ({ ...detail, pointer: detail.pointer.replace(/^\/form/, '') })),
        ),
      ),
  })
  const decide = (decision: 'approve' | 'reject') => {
    const reading = readValues(fields, values)
    setProblems(decision === 'approve' ? reading.problems : {})
    if (decision === 'reject' || Object.keys(reading.problems).length === 0) act.mutate(decision)
  }
  useKeys({ a: () => decide('approve'), r: () => decide('reject'), d: () => setDelegating(true) })
  return (
    <Stack gap="sm">
      {fields.map((field) => (
        <FieldInput
          key={field.name}
          field={field}
          value={values[field.name]}
          error={problems[field.name]}
          change={(value) => setValues((before) => ({ ...before, [field.name]: value }))}
        />
      ))}
      <Textarea
        label="Comment"
        maxLength={2000}
        value={comment}
        onChange={(event) => setComment(event.currentTarget.value)}
      />
      <ErrorBox error={act.error} />
      <Group gap="xs">
        <Act
          needs="approvals.decide"
          color="teal.9"
          icon={<Check size={15} aria-hidden />}
          loading={act.isPending}
          onClick={() => decide('approve')}
        >
          {text.approve}
        </Act>
        <Act
          needs="approvals.decide"
          color="red.8"
          variant="outline"
          icon={<X size={15} aria-hidden />}
          loading={act.isPending}
          onClick={() => decide('reject')}
        >
          {text.reject}
        </Act>
        <Act needs="approvals.decide" variant="subtle" onClick={() => setDelegating(true)}>
          {text.delegate}…
        </Act>
      </Group>
      {isDelegating && <Delegate request={request} close={() => setDelegating(false)} onDone={onDecided} />}
    </Stack>
  )
}

function Delegate({ request, close, onDone }: { request: ApprovalView; close: () => void; onDone: () => void }) {
  const [to, setTo] = useState<string | null>(null)
  const act = useAct({
    touches: ['/approvals'],
    run: () => send('POST', `/approvals/${request.id}/delegate`, { body: { to } }),
    onDone: () => {
      close()
      onDone()
    },
  })
  return (
    <Modal opened onClose={close} title={text.delegate}>
      <Stack gap="sm">
        <span>{text.delegateText}</span>
        <PersonPicker label="To" value={to} onChange={setTo} />
        <ErrorBox error={act.error} />
        <Group justify="flex-end">
          <Button disabled={!to} loading={act.isPending} onClick={() => act.mutate()}>
            {text.delegate}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
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
        <Button
          variant="default"
          size="compact-sm"
          disabled={!words.trim()}
          loading={act.isPending}
          onClick={() => act.mutate()}
        >
          Comment
        </Button>
      </Group>
    </Stack>
  )
}

export function Request({ id, onDecided, onBack }: Props) {
  const { me } = useSession()
  const found = useApi<ApprovalView>(`/approvals/${id}`, undefined, { keep: false })
  if (found.error) return <ErrorBox error={found.error} retry={() => void found.refetch()} />
  if (!found.data) return <Waiting />
  const request = found.data
  const isOpen = request.status === 'open'
  const approvals = request.decisions.filter((one) => one.decision === 'approve').length
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
      <Panel title={<SafeText most={200}>{request.title}</SafeText>} actions={<StatusText status={request.status} />}>
        <Stack gap="md">
          {request.description && <Markdown>{request.description}</Markdown>}
          <Facts
            items={[
              ['Asked', <TimeText key="c" at={request.createdAt} relative />],
              ['Due', <TimeText key="d" at={request.dueAt} none="at any time" />],
              ['Expires', <TimeText key="e" at={request.expiresAt} none="never" />],
              [
                'Run',
                <Go key="r" href={`/executions/${request.executionId}?node=${request.nodeId}`}>
                  {request.nodeId}
                </Go>,
              ],
            ]}
          />
          {request.data !== null && <JsonView value={request.data} label="What it is about" maxHeight="30vh" />}
          {isOpen ? (
            <Decision request={request} onDecided={onDecided} />
          ) : (
            <p className={classes.dim}>{text.decided(request.status)}</p>
          )}
        </Stack>
      </Panel>
      <Panel title={`${approvals} of ${request.required} approvals`}>
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
      </Panel>
      <Panel title="Comments">
        <Comments request={request} />
      </Panel>
    </div>
  )
}
