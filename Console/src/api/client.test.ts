import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { send, withQuery } from './client'
import type { ApiError } from './errors'
import { currentSession, restore, signIn } from './session'

interface Call {
  method: string
  path: string
  headers: Record<string, string>
  body: string | undefined
}

type Reply = { status?: number; body?: unknown; headers?: Record<string, string> }

const calls: Call[] = []
let answer: (call: Call) => Reply

const tokens = (name: string, expiresIn = 900) => ({
  body: { data: { accessToken: name, expiresIn, refreshToken: '' } },
})
const me = { body: { data: { id: 'me', type: 'user', permissions: ['executions.read'] } } }

beforeEach(() => {
  calls.length = 0
  localStorage.clear()
  vi.stubGlobal('fetch', (url: string, init: RequestInit = {}) => {
    const call = {
      method: init.method ?? 'GET',
      path: url.replace('/api/v1', ''),
      headers: (init.headers ?? {}) as Record<string, string>,
      body: init.body as string | undefined,
    }
    calls.push(call)
    const { status = 200, body = {}, headers = {} } = answer(call)
    return Promise.resolve(new Response(JSON.stringify(body), { status, headers }))
  })
})

afterEach(() => vi.unstubAllGlobals())

const credentials = { email: 'ana@example.com', password: 'x' }

describe('a request', () => {
  it('leaves out what is not asked for', () => {
    expect(withQuery('/a', { b: 1, c: null, d: undefined, e: '', f: false })).toBe('/a?b=1&f=false')
    expect(withQuery('/a')).toBe('/a')
  })

  it('bears the token and the version that a change was made on, and is named once', async () => {
    answer = ({ path }) => (path === '/auth/login' ? tokens('first') : path === '/auth/me' ? me : { body: { data: 1 } })
    await signIn(credentials)
    await send('PATCH', '/rules/1', { body: {}, ifMatch: 7 })
    await send('POST', '/rules', { body: {} })
    expect(calls[2]?.headers).toMatchObject({ Authorization: 'Bearer first', 'If-Match': '"7"' })
    expect(calls[2]?.headers['Idempotency-Key']).toBeUndefined()
    expect(calls[3]?.headers['Idempotency-Key']).toMatch(/^[0-9a-f-]{36}$/)
  })

  it('that failed says so in the words of the API', async () => {
    const details = [{ pointer: '/name', code: 'TOO_LONG', message: 'At most 200.' }]
    answer = () => ({
      status: 422,
      body: { error: { code: 'VALIDATION_FAILED', message: 'No.', details }, meta: { requestId: 'r1' } },
      headers: { 'Retry-After': '3' },
    })
    const failure = await send('GET', '/x').catch((error: unknown) => error as ApiError)
    expect(failure).toMatchObject({ status: 422, code: 'VALIDATION_FAILED', details, requestId: 'r1', retryAfter: 3 })
  })

  it('that a proxy answered in its own words says the status', async () => {
    vi.stubGlobal('fetch', () => Promise.resolve(new Response('<html>', { status: 502, statusText: 'Bad Gateway' })))
    await expect(send('GET', '/x')).rejects.toMatchObject({ code: 'HTTP_502', status: 502 })
  })

  it('that did not arrive is told apart from one that was refused', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('offline')))
    await expect(send('GET', '/x')).rejects.toMatchObject({ code: 'UNREACHABLE', status: 0 })
  })
})

describe('a session', () => {
  it('is renewed once for requests that come together, and each is sent again', async () => {
    let valid = 'first'
    answer = ({ path, headers }) => {
      if (path === '/auth/login') return tokens('first')
      if (path === '/auth/refresh') return tokens((valid = 'second'))
      if (path === '/auth/me') return me
      return headers.Authorization === `Bearer ${valid}` ? { body: { data: path } } : { status: 401, body: {} }
    }
    await signIn(credentials)
    valid = 'second'
    const found = await Promise.all([send('GET', '/a'), send('GET', '/b')])
    expect(found.map(({ data }) => data)).toEqual(['/a', '/b'])
    expect(calls.filter(({ path }) => path === '/auth/refresh')).toHaveLength(1)
    expect(calls.find(({ path }) => path === '/auth/refresh')).toMatchObject({
      body: undefined,
      headers: { 'X-Workflows-Console': '1' },
    })
  })

  it('ends by the word of the server', async () => {
    answer = ({ path }) =>
      path === '/auth/login'
        ? tokens('first', 1)
        : path === '/auth/me'
          ? me
          : { status: 401, body: { error: { code: 'SESSION_REVOKED' } } }
    await signIn(credentials)
    await expect(send('GET', '/a')).rejects.toMatchObject({ status: 401 })
    expect(currentSession()).toMatchObject({ status: 'anonymous', notice: 'ended' })
  })

  it('goes on when only the network is away', async () => {
    answer = ({ path }) => (path === '/auth/login' ? tokens('first', 1) : me)
    await signIn(credentials)
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('offline')))
    await expect(send('GET', '/a')).rejects.toThrow('offline')
    expect(currentSession().status).toBe('in')
  })

  it('is not looked for where nobody was signed in', async () => {
    answer = () => ({ status: 500 })
    await restore()
    expect(calls).toEqual([])
    expect(currentSession().status).toBe('anonymous')
  })

  it('is had back after a reload, without the password', async () => {
    localStorage.setItem('workflows.session', '1')
    answer = ({ path }) => (path === '/auth/refresh' ? tokens('again') : me)
    await restore()
    expect(currentSession()).toMatchObject({ status: 'in', me: { id: 'me' } })
  })
})
