import { Button, Group, Modal, Progress, Stack, Textarea } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { type Query, send } from '../../api/client'
import { toApiError } from '../../api/errors'
import { invalidate } from '../../api/queries'
import type { BulkControlView, ExecutionFilter } from '../../api/schema.gen'
import { ErrorBox } from '../../ui/ErrorBox'
import { countText } from '../../ui/safe'
import type { Control } from './control'
import { text } from './text'

interface DialogProps {
  control: Control
  ids: string[] | null
  filter: ExecutionFilter | null
  query: Query
  close: () => void
  done: () => void
}

function useCount(query: Query, isNeeded: boolean) {
  const found = useQuery({
    queryKey: ['/executions', query, 'count'],
    queryFn: () => send('GET', '/executions', { query: { ...query, include_total: true, per_page: 1 } }),
    enabled: isNeeded,
  })
  if (found.error) return `an unknown number of (${toApiError(found.error).message})`
  const pagination = found.data?.meta.pagination
  return pagination ? `${(pagination.total ?? 0).toLocaleString('en')}${pagination.totalIsCapped ? '+' : ''}` : null
}

/** Says first how many there are, then does it 1,000 at a time until none is left or somebody stops it. */
export default function BulkDialog({ control, ids, filter, query, close, done }: DialogProps) {
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
          <Textarea
            label={text.reason}
            maxLength={500}
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
          />
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
