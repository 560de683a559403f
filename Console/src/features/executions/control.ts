import { useQueryClient } from '@tanstack/react-query'
import { send } from '../../api/client'
import { invalidate } from '../../api/queries'
import { useConfirm } from '../../ui/Confirm'
import { tellDone } from '../../ui/notify'
import { text } from './text'

export type Control = 'cancel' | 'pause' | 'resume' | 'retry' | 'mark-resolved' | 'mark-unresolved'

const ENDED = new Set(['completed', 'failed', 'cancelled', 'timed_out'])
const UNSUCCESSFUL = new Set(['failed', 'cancelled', 'timed_out'])

export const hasEnded = (status: string) => ENDED.has(status)

/** What can be done to a run in its status. The server decides again. */
export function controlsFor(status: string, isResolved: boolean): Control[] {
  if (!ENDED.has(status)) return status === 'paused' ? ['resume', 'cancel'] : ['pause', 'cancel']
  if (!UNSUCCESSFUL.has(status)) return []
  return ['retry', isResolved ? 'mark-unresolved' : 'mark-resolved']
}

/** Asks for a reason, and then controls one run. */
export function useControl() {
  const confirm = useConfirm()
  const client = useQueryClient()
  return (id: string, control: Control, name: string) =>
    confirm({
      title: `${text.acts[control]}: ${name}`,
      body: text.whatActsDo[control],
      act: text.acts[control] ?? control,
      danger: control === 'cancel',
      reason: 'optional',
      run: async (reason) => {
        await send('POST', `/executions/${id}/${control}`, { body: { reason } })
        tellDone(`${text.acts[control]}: ${name}`)
        await invalidate(client, ['/executions'])
      },
    })
}
