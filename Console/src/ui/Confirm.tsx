import { Button, Group, Modal, Stack, Textarea, TextInput } from '@mantine/core'
import { createContext, type ReactNode, useCallback, useContext, useState } from 'react'
import { toApiError } from '../api/errors'
import { ErrorBox } from './ErrorBox'

interface Question {
  title: string
  /** What it will touch, by count and name. */
  body?: ReactNode
  act: string
  danger?: boolean
  /** Asks for a reason: `optional`, or `needed`. */
  reason?: 'optional' | 'needed'
  reasonLabel?: string
  /** To be typed before a deletion that cannot be undone. */
  typed?: string
  run: (reason: string) => Promise<unknown>
}

const REASON_LENGTH = 500
const Context = createContext<(question: Question) => void>(() => undefined)

/** Asks before an act, and stays open with the error when it fails: what was typed is not lost. */
export const useConfirm = () => useContext(Context)

export function ConfirmProvider({ children }: { children: ReactNode }) {
  const [question, setQuestion] = useState<Question | null>(null)
  const ask = useCallback((next: Question) => setQuestion(next), [])
  return (
    <Context value={ask}>
      {children}
      {question && <ConfirmDialog key={question.title} question={question} close={() => setQuestion(null)} />}
    </Context>
  )
}

function ConfirmDialog({ question, close }: { question: Question; close: () => void }) {
  const [reason, setReason] = useState('')
  const [typed, setTyped] = useState('')
  const [error, setError] = useState<unknown>(null)
  const [isBusy, setBusy] = useState(false)
  const isReady = (question.reason !== 'needed' || reason.trim() !== '') && (!question.typed || typed === question.typed)
  const run = async () => {
    setBusy(true)
    setError(null)
    try {
      await question.run(reason.trim())
      close()
    } catch (caught) {
      setError(toApiError(caught))
    } finally {
      setBusy(false)
    }
  }
  return (
    <Modal opened onClose={close} title={question.title} size="md">
      <form
        onSubmit={(event) => {
          event.preventDefault()
          if (isReady && !isBusy) void run()
        }}
      >
        <Stack gap="sm">
          {question.body && <div>{question.body}</div>}
          {question.reason && (
            <Textarea
              label={question.reasonLabel ?? 'Reason'}
              required={question.reason === 'needed'}
              value={reason}
              maxLength={REASON_LENGTH}
              data-autofocus
              onChange={(event) => setReason(event.currentTarget.value)}
            />
          )}
          {question.typed && (
            <TextInput
              label={`Type ${question.typed} to go on`}
              value={typed}
              onChange={(event) => setTyped(event.currentTarget.value)}
            />
          )}
          <ErrorBox error={error} />
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={close}>
              Keep as it is
            </Button>
            <Button type="submit" color={question.danger ? 'red' : undefined} loading={isBusy} disabled={!isReady}>
              {question.act}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
