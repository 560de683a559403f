import { Group, Modal, Stack, Textarea } from '@mantine/core'
import { Check, X } from 'lucide-react'
import { useMemo, useState } from 'react'
import { send } from '../../api/client'
import { useAct } from '../../api/queries'
import type { ApprovalView, DecidedView } from '../../api/schema.gen'
import { useKeys } from '../../app/keys'
import { Act } from '../Act'
import { ErrorBox } from '../ErrorBox'
import { FieldInput } from '../FieldInput'
import { type Field, problemsOf, readValues, startValues } from '../fields'
import { tellDone } from '../notify'
import { PersonPicker } from '../PersonPicker'
import { schemaFields } from '../schemaFields'
import { text } from './text'

const formFields = (form: unknown): Field[] =>
  form ? (schemaFields(form) ?? [{ name: '$form', label: 'Form', kind: 'json', standard: '{}' }]) : []

/** The form of a request, and the acts that settle it. */
export function Decision({ request, onDecided }: { request: ApprovalView; onDecided: () => void }) {
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
          color="var(--bad)"
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
          <Act because={to ? null : 'Choose a person first.'} loading={act.isPending} onClick={() => act.mutate()}>
            {text.delegate}
          </Act>
        </Group>
      </Stack>
    </Modal>
  )
}
