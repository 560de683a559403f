import { Button, CloseButton, Group, Modal, Progress, Stack, Textarea } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { type Query, send } from '../../api/client'
import { toApiError } from '../../api/errors'
import { invalidate } from '../../api/queries'
import type { BulkControlView, ExecutionFilter } from '../../api/schema.gen'
import { Act } from '../../ui/Act'
import { ErrorBox } from '../../ui/ErrorBox'
import { countText } from '../../ui/safe'
import type { Control } from './control'
import classes from './Runs.module.css'
import { text } from './text'

const CONTROLS: Control[] = ['retry', 'cancel', 'pause', 'resume', 'mark-resolved']
const KNOWN: Record<string, keyof ExecutionFilter> = {
  workflow: 'workflow',
  status: 'status',
  trigger: 'trigger',
  from: 'from',
  to: 'to',
  correlation_id: 'correlationId',
  error_code: 'errorCode',
}

/** The filter of the list as the bulk routes want it, or why they cannot have it. */
export function bulkFilter(query: Query): { filter: ExecutionFilter } | { because: string } {
  const filter: Record<string, string> = {}
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === null || value === '') continue
    const known = Object.hasOwn(KNOWN, name) ? KNOWN[name] : undefined
    if (!known) return { because: `What matches “${name}” can be acted on only by selecting rows.` }
    filter[known] = String(value)
  }
  if (Object.keys(filter).length === 0) return { because: 'Filter the list first: nobody means all runs there are.' }
  if (filter.status?.includes(',')) return { because: 'Filter by one status first.' }
  return { filter }
}

interface Props {
  selected: ReadonlySet<string>
  clear: () => void
  query: Query
}

export function BulkBar({ selected, clear, query }: Props) {
  const [control, setControl] = useState<Control | null>(null)
  const [isAll, setAll] = useState(false)
  const whole = bulkFilter(query)
  if (selected.size === 0) return null
  return (
    <div className={classes.bulk} role="region" aria-label="What to do with the selected">
      <strong>{isAll ? 'All that match' : `${selected.size} selected`}</strong>
      <Act
        variant="subtle"
        size="compact-xs"
        because={'because' in whole ? whole.because : null}
        onClick={() => setAll(!isAll)}
      >
        {isAll ? 'Only the selected' : 'All that match'}
      </Act>
      <span className={classes.bulkActs}>
        {CONTROLS.map((one) => (
          <Act key={one} needs="executions.manage" variant="default" size="compact-xs" onClick={() => setControl(one)}>
            {text.acts[one]}
          </Act>
        ))}
      </span>
      <CloseButton size="sm" aria-label="Clear the selection" onClick={clear} />
      {control && (
        <BulkDialog
          control={control}
          ids={isAll ? null : [...selected]}
          query={query}
          filter={isAll && 'filter' in whole ? whole.filter : null}
          close={() => setControl(null)}
          done={clear}
        />
      )}
    </div>
  )
}

interface DialogProps {
  control: Control
  ids: string[] | null
  filter: ExecutionFilter | null
  query: Query
  close: () => void
  done: () => void
}

function useCount(query: Query, isNeeded: boolean) {
  const [count, setCount] = useState<string | null>(null)
  const asked = useRef(false)
  if (isNeeded && !asked.current) {
    asked.current = true
    send('GET', '/executions', { query: { ...query, include_total: true, per_page: 1 } }).then(
      ({ meta: { pagination } }) =>
        setCount(`${(pagination?.total ?? 0).toLocaleString('en')}${pagination?.totalIsCapped ? '+' : ''}`),
      (error: unknown) => setCount(`an unknown number of (${toApiError(error).message})`),
    )
  }
  return count
}

/** Says first how many there are, then does it 1,000 at a time until none is left or somebody stops it. */
function BulkDialog({ control, ids, filter, query, close, done }: DialogProps) {
  const [reason, setReason] = useState('')
  const [changed, setChanged] = useState<number | null>(null)
  const [remaining, setRemaining] = useState(0)
  const [error, setError] = useState<unknown>(null)
  const [isBusy, setBusy] = useState(false)
  const stopped = useRef(false)
  const counted = useCount(query, filter !== null)
  const client = useQueryClient()
  const act = text.acts[control] ?? control
  const subject = ids ? countText(ids.length, 'run') : `${counted ?? '…'} runs that match the filter`
  const run = async () => {
    setBusy(true)
    setError(null)
    stopped.current = false
    let sum = 0
    try {
      for (;;) {
        const { data } = await send<BulkControlView>('POST', `/executions/bulk/${control}`, {
          body: { ...(ids ? { ids } : { filter }), reason: reason.trim() },
        })
        sum += data.changed
        setChanged(sum)
        setRemaining(data.remaining)
        if (data.remaining === 0 || data.changed === 0 || stopped.current) break
      }
      await invalidate(client, ['/executions'])
    } catch (caught) {
      setError(caught)
    } finally {
      setBusy(false)
    }
  }
  const finish = () => {
    stopped.current = true
    if (changed !== null) done()
    close()
  }
  return (
    <Modal opened onClose={finish} title={`${act}: ${subject}`}>
      <Stack gap="sm">
        <div>{text.whatActsDo[control]} Runs to which it does not apply stay as they are.</div>
        {changed === null && (
          <Textarea label={text.reason} maxLength={500} value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
        )}
        {changed !== null && (
          <div role="status">
            <p>
              {countText(changed, 'run')} changed{remaining > 0 ? `, ${remaining.toLocaleString('en')} left` : ''}.
            </p>
            <Progress value={(100 * changed) / Math.max(1, changed + remaining)} aria-label="Done" />
          </div>
        )}
        <ErrorBox error={error} />
        <Group justify="flex-end" gap="xs">
          {isBusy && changed !== null && (
            <Button variant="default" onClick={() => (stopped.current = true)}>
              Stop
            </Button>
          )}
          <Button variant="default" onClick={finish}>
            {changed === null ? 'Keep as they are' : 'Close'}
          </Button>
          {changed === null && (
            <Button loading={isBusy} color={control === 'cancel' ? 'red' : undefined} onClick={() => void run()}>
              {act}
            </Button>
          )}
        </Group>
      </Stack>
    </Modal>
  )
}
