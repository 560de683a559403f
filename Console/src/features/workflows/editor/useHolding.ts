import { useCallback, useMemo } from 'react'
import { send, serverNow } from '../../../api/client'
import { toApiError } from '../../../api/errors'
import { usePeopleNames } from '../../../api/people'
import { invalidate, queryClient, useApi } from '../../../api/queries'
import type { WorkflowView } from '../../../api/schema.gen'
import { useSession } from '../../../api/session'
import { tellDone, tellError } from '../../../ui/notify'
import { useNow } from '../../../ui/TimeText'

const LOOK_MS = 15_000

export interface Held {
  checkedOutBy: string | null
  checkedOutUntil: string | null
}

/** Who has it checked out at this moment: a check-out ends by itself at its time. */
export function holderOf({ checkedOutBy, checkedOutUntil }: Held, me: string | undefined, now: number) {
  if (!checkedOutBy || !checkedOutUntil || Date.parse(checkedOutUntil) <= now) return null
  return checkedOutBy === me ? ('me' as const) : ('other' as const)
}

export interface Holding {
  holder: 'me' | 'other' | null
  /** Of somebody else who holds it. */
  name: string
  since: string | null
  until: string | null
  comment: string
  /** Why nobody but the holder may change it; null when nobody else holds it. */
  why: string | null
  checkOut: () => void
  giveBack: () => Promise<void>
  takeOver: () => Promise<void>
}

/** Who edits: while one person has it checked out, the others look on. */
export function useHolding(workflow: WorkflowView): Holding {
  const { me } = useSession()
  const now = useNow(LOOK_MS)
  const path = `/workflows/${workflow.id}`
  const found = useApi<WorkflowView>(path, undefined, { staleTime: 10_000 }).data ?? workflow
  const holder = holderOf(found, me?.id, Math.max(now, serverNow()))
  const other = holder === 'other' ? found.checkedOutBy : null
  const names = usePeopleNames(other ? [other] : [])
  const name = (other && names.get(other)) ?? 'Somebody else'
  const until = found.checkedOutUntil
  const post = useCallback(() => send('POST', `${path}/check-out`, { body: {} }), [path])
  const acts = useMemo(
    () => ({
      checkOut: () => {
        post().then(
          () => invalidate(queryClient, [path]),
          (error: unknown) => tellError(toApiError(error)),
        )
      },
      giveBack: async () => {
        await send('DELETE', `${path}/check-out`)
        await invalidate(queryClient, [path])
      },
      // Two acts: when somebody else is quicker between them, the second says who.
      takeOver: async () => {
        await send('DELETE', `${path}/check-out`, { query: { force: true } })
        await post()
        await invalidate(queryClient, [path])
        tellDone('You have it checked out now.')
      },
    }),
    [path, post],
  )
  const why = holder === 'other' ? `Read only: ${name} has it checked out.` : null
  return { holder, name, since: found.checkedOutAt, until, comment: found.checkedOutComment ?? '', why, ...acts }
}
