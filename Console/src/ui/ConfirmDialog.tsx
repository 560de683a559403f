import { Button, Group, Modal, Stack, Textarea, TextInput } from '@mantine/core'
import { useState } from 'react'
import { toApiError } from '../api/errors'
import type { Question } from './Confirm'
import { ErrorBox } from './ErrorBox'

const REASON_LENGTH = 500

export default function ConfirmDialog({ question, close }: { question: Question; close: () => void }) {
  const [reason, setReason] = useState('')
  const [typed, setTyped] = useState('')
  const [error, setError] = useState<unknown>(null)
  const [isBusy, setBusy] = useState(false)
  const isReady =
    (question.reason !== 'needed' || reason.trim() !== '') && (!question.typed || typed === question.typed)
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
