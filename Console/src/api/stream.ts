import { failureOf, unreachable } from './errors'
import { accessToken } from './session'

/** One event of an answer that comes bit by bit. */
export interface StreamEvent {
  name: string
  data: unknown
}

/** Takes whole events out of what has come; what is left is the beginning of the next. */
export function takeEvents(text: string): { events: StreamEvent[]; rest: string } {
  const parts = text.split('\n\n')
  const rest = parts.pop() ?? ''
  const events = parts.flatMap((part) => {
    const lines = part.split('\n')
    const name = lines.find((line) => line.startsWith('event: '))?.slice(7)
    const data = lines.find((line) => line.startsWith('data: '))?.slice(6)
    return name && data !== undefined ? [{ name, data: JSON.parse(data) as unknown }] : []
  })
  return { events, rest }
}

/** Sends a body and tells of each event of the answer. Who aborts the signal stops it on the server, too. */
export async function stream(path: string, body: unknown, tell: (event: StreamEvent) => void, signal: AbortSignal) {
  const call = async (token: string | null) => {
    try {
      return await fetch(`/api/v1${path}`, {
        method: 'POST',
        headers: {
          Accept: 'text/event-stream',
          'Content-Type': 'application/json',
          ...(token ? { Authorization: `Bearer ${token}` } : {}),
        },
        body: JSON.stringify(body),
        signal,
      })
    } catch (error) {
      if (error instanceof DOMException && error.name === 'AbortError') throw error
      throw unreachable(error)
    }
  }
  let answer = await call(await accessToken())
  if (answer.status === 401) answer = await call(await accessToken(true))
  if (!answer.ok || !answer.body) throw await failureOf(answer)
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  for (;;) {
    const { value, done } = await reader.read()
    if (done) return
    const taken = takeEvents(rest + value)
    rest = taken.rest
    taken.events.forEach(tell)
  }
}
