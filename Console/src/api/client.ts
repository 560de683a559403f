import { ApiError, failureOf, unreachable } from './errors'
import type { Meta } from './schema.gen'
import { accessToken, refreshPermissions } from './session'

export type Query = Record<string, string | number | boolean | null | undefined>
export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export interface Options {
  query?: Query
  body?: unknown
  /** The version that a change was made on; `*` means whichever there is. */
  ifMatch?: number | string
  headers?: Record<string, string>
  signal?: AbortSignal
}

export interface Answer<T> {
  data: T
  meta: Meta
  status: number
  etag: string | null
}

const BASE = '/api/v1'
const PERMISSION_PAUSE_MS = 10_000
let skew = 0
let permissionsReadAt = 0

/** Now by the server's clock, for countdowns. */
export const serverNow = () => Date.now() + skew

export function withQuery(path: string, query?: Query): string {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== null && value !== '') params.set(name, String(value))
  }
  const text = params.toString()
  return text ? `${path}?${text}` : path
}

function init(method: Method, options: Options, token: string | null): RequestInit {
  const headers: Record<string, string> = { Accept: 'application/json', ...options.headers }
  if (token) headers.Authorization = `Bearer ${token}`
  if (options.body !== undefined) headers['Content-Type'] ??= 'application/json'
  if (options.ifMatch !== undefined) {
    headers['If-Match'] = typeof options.ifMatch === 'number' ? `"${options.ifMatch}"` : options.ifMatch
  }
  return {
    method,
    headers,
    signal: options.signal,
    body: options.body === undefined ? undefined : JSON.stringify(options.body),
  }
}

function noteClock(answer: Response) {
  const date = Date.parse(answer.headers.get('Date') ?? '')
  if (Number.isFinite(date) && Math.abs(date - Date.now()) > 2000) skew = date - Date.now()
  else skew = 0
}

async function perform(method: Method, path: string, options: Options): Promise<Response> {
  const url = withQuery(BASE + path, options.query)
  const call = async (token: string | null) => {
    try {
      return await fetch(url, init(method, options, token))
    } catch (error) {
      if (error instanceof DOMException && error.name === 'AbortError') throw error
      throw unreachable(error)
    }
  }
  let answer = await call(await accessToken())
  if (answer.status === 401) {
    const token = await accessToken(true)
    if (token) answer = await call(token)
  }
  noteClock(answer)
  if (answer.ok) return answer
  const failure = await failureOf(answer)
  if (failure.status === 403 && Date.now() - permissionsReadAt > PERMISSION_PAUSE_MS) {
    permissionsReadAt = Date.now()
    await refreshPermissions()
  }
  throw failure
}

/** One request. A POST is given an idempotency key, so that a second try of it does nothing twice. */
export async function send<T>(method: Method, path: string, options: Options = {}): Promise<Answer<T>> {
  const headers = method === 'POST' ? { 'Idempotency-Key': crypto.randomUUID(), ...options.headers } : options.headers
  const answer = await perform(method, path, { ...options, headers })
  if (answer.status === 204) {
    return { data: undefined as T, meta: {} as Meta, status: 204, etag: answer.headers.get('ETag') }
  }
  const body = (await answer.json()) as { data: T; meta: Meta }
  return { data: body.data, meta: body.meta, status: answer.status, etag: answer.headers.get('ETag') }
}

export const get = async <T>(path: string, query?: Query, signal?: AbortSignal) =>
  (await send<T>('GET', path, { query, signal })).data

/** The answer as it came, for downloads. */
export const download = async (path: string, query?: Query) => (await perform('GET', path, { query })).blob()

export { ApiError }
