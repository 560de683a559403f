import { Button, Group, Modal, Stack, Switch } from '@mantine/core'
import { useState } from 'react'
import { toApiError } from '../../../api/errors'
import { ErrorBox } from '../../../ui/ErrorBox'
import { useActs } from './acts'
import { type Popup, useEditor, useView } from './context'
import { classes } from './classes'
import { JsonInput } from './panel/JsonInput'
import { text } from './text'
import type { TestOptions } from './useTest'

interface Props {
  popup: Extract<Popup, { kind: 'test' }>
  isOffered: boolean
  start: (options: TestOptions) => Promise<void>
  close: () => void
}

const remembered = new Map<string, unknown>()

/** What a test is given, and how far it goes. */
export function TestDialog({ popup, isOffered, start, close }: Props) {
  const acts = useActs()
  const chosen = useEditor((state) => state.chosen.at(-1) ?? null)
  const pinned = useView((state) => Object.keys(state.pins ?? {}).length)
  const [input, setInput] = useState<unknown>(() => remembered.get('input') ?? {})
  const [effects, setEffects] = useState(false)
  const [upTo, setUpTo] = useState(popup.upTo)
  const [error, setError] = useState<unknown>(null)
  const [isBusy, setBusy] = useState(false)
  const target = popup.upTo ?? chosen
  const run = async () => {
    setBusy(true)
    setError(null)
    try {
      remembered.set('input', input)
      await start({ upTo: isOffered ? upTo : null, only: popup.only, input, effects })
      close()
    } catch (caught) {
      setError(toApiError(caught))
    } finally {
      setBusy(false)
    }
  }
  return (
    <Modal opened onClose={close} title={text.test} size="md">
      <Stack gap="sm">
        {!isOffered && (
          <p className={classes.hint}>
            This server runs no tests: what is here is saved as a version, and that version is executed for good, with
            all that it does outside.
          </p>
        )}
        <div>
          <div className={classes.fieldName}>Input</div>
          <JsonInput label="Input of the test" value={input} change={setInput} minHeight="110px" />
        </div>
        {isOffered && target && (
          <Switch
            label={`Only up to ${acts.nameOf(target)}`}
            checked={upTo !== null}
            onChange={(event) => setUpTo(event.currentTarget.checked ? target : null)}
          />
        )}
        {isOffered && (
          <Switch
            label="Nodes reach outside"
            description={
              effects
                ? 'Calls, mails and statements are made for good.'
                : 'They are not executed: their pins, or an answer such as their type gives, stand in.'
            }
            checked={effects}
            onChange={(event) => setEffects(event.currentTarget.checked)}
          />
        )}
        {pinned > 0 && <p className={classes.hint}>{text.nodeCount(pinned)} pinned.</p>}
        <ErrorBox error={error} />
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button data-autofocus loading={isBusy} onClick={() => void run()}>
            {isOffered ? text.test : 'Save version and run'}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
