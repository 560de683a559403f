import { useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useRef, useState } from 'react'
import { toApiError, type ApiError } from '../../api/errors'
import { invalidate } from '../../api/queries'
import type { MessageView } from '../../api/schema.gen'
import { stream } from '../../api/stream'

/** What is shown of an answer that comes. */
export interface Coming {
  question: MessageView | null
  text: string
}

/** Asks in a conversation, and shows the answer as it comes. */
export function useTalk() {
  const client = useQueryClient()
  const [coming, setComing] = useState<Coming | null>(null)
  const [error, setError] = useState<ApiError | null>(null)
  const stopper = useRef<AbortController | null>(null)

  const stop = useCallback(() => stopper.current?.abort(), [])
  useEffect(() => stop, [stop])

  const ask = useCallback(
    async (chat: string, body: { content?: string; regenerate?: boolean; model?: string }) => {
      const control = new AbortController()
      stopper.current = control
      setError(null)
      setComing({ question: null, text: '' })
      try {
        await stream(
          `/conversations/${chat}/messages/stream`,
          body,
          ({ name, data }) => {
            if (name === 'question') setComing({ question: data as MessageView | null, text: '' })
            if (name === 'delta') {
              const { text } = data as { text: string }
              setComing((now) => now && { ...now, text: now.text + text })
            }
          },
          control.signal,
        )
      } catch (failure) {
        if (!control.signal.aborted) setError(toApiError(failure))
      }
      // The server writes the end of a stopped answer a moment after the connection has closed.
      if (control.signal.aborted) await new Promise((done) => setTimeout(done, 400))
      await invalidate(client, ['/conversations'])
      setComing(null)
    },
    [client],
  )

  return { ask, stop, coming, error, isBusy: coming !== null }
}
