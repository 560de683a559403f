import { type Query, withQuery } from './client'
import { failureOf, unreachable } from './errors'
import { accessToken } from './session'

const BASE = '/api/v1'
// A status that a response may not have.
const NONE = 0

/** Sends a file as it is, and tells how much of it is sent, from 0 to 1. */
export async function upload<T>(path: string, file: Blob, query: Query, onSent: (share: number) => void): Promise<T> {
  const attempt = async (token: string | null) =>
    new Promise<Response>((resolve, reject) => {
      const call = new XMLHttpRequest()
      call.open('POST', withQuery(BASE + path, query))
      call.setRequestHeader('Accept', 'application/json')
      call.setRequestHeader('Content-Type', 'application/octet-stream')
      if (token) call.setRequestHeader('Authorization', `Bearer ${token}`)
      call.upload.onprogress = (event) => event.lengthComputable && onSent(event.loaded / event.total)
      call.onerror = () => reject(unreachable(new Error('the connection broke')))
      call.onload = () =>
        call.status === NONE
          ? reject(unreachable(new Error('no answer')))
          : resolve(new Response(call.responseText, { status: call.status }))
      call.send(file)
    })
  let answer = await attempt(await accessToken())
  if (answer.status === 401) {
    const token = await accessToken(true)
    if (token) answer = await attempt(token)
  }
  if (!answer.ok) throw await failureOf(answer)
  return ((await answer.json()) as { data: T }).data
}
