import { useSyncExternalStore } from 'react'
import type { MeView, TokenView } from './schema.gen'
import { ApiError, failureOf } from './errors'

/** The access token lives in memory only; the refresh token lives in a cookie that no script reads. */
export interface Session {
  status: 'starting' | 'anonymous' | 'in'
  me: MeView | null
  /** Why the session ended, when it did not end by the person's own wish. */
  notice: 'ended' | null
}

const BASE = '/api/v1'
const CONSOLE = { 'X-Workflows-Console': '1', 'Content-Type': 'application/json' }
const KNOWN = 'workflows.session'
const RENEW_BEFORE_MS = 60_000

let state: Session = { status: 'starting', me: null, notice: null }
let access: { token: string; until: number } | null = null
// A server without the cookie mode answers the token in the body. It is kept here, and a reload asks for the password.
let bodyToken: string | null = null
let renewing: Promise<string | null> | null = null
const listeners = new Set<() => void>()
const tabs = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel('workflows-session')

function change(next: Session) {
  state = next
  listeners.forEach((listener) => listener())
}

export function subscribeSession(listener: () => void) {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export const currentSession = () => state
export const useSession = () => useSyncExternalStore(subscribeSession, currentSession)

async function post<T>(path: string, body?: unknown, token?: string): Promise<T> {
  const headers: Record<string, string> = { ...CONSOLE }
  if (token) headers.Authorization = `Bearer ${token}`
  const answer = await fetch(BASE + path, {
    method: 'POST',
    headers,
    credentials: 'same-origin',
    body: body === undefined ? undefined : JSON.stringify(body),
  })
  if (!answer.ok) throw await failureOf(answer)
  return ((await answer.json()) as { data: T }).data
}

async function readMe(token: string): Promise<MeView> {
  const answer = await fetch(`${BASE}/auth/me`, { headers: { Authorization: `Bearer ${token}` } })
  if (!answer.ok) throw await failureOf(answer)
  return ((await answer.json()) as { data: MeView }).data
}

function keep(tokens: TokenView): string {
  access = { token: tokens.accessToken, until: Date.now() + tokens.expiresIn * 1000 }
  bodyToken = tokens.refreshToken || null
  remember(true)
  return access.token
}

/** Says whether a refresh is worth a try at the next start. It is no secret: only the cookie opens anything. */
function remember(isSignedIn: boolean) {
  if (isSignedIn) localStorage.setItem(KNOWN, '1')
  else localStorage.removeItem(KNOWN)
}

async function open(tokens: TokenView) {
  const token = keep(tokens)
  change({ status: 'in', me: await readMe(token), notice: null })
}

export interface Credentials {
  email: string
  password: string
  tenant?: string
}

export const signIn = async (credentials: Credentials) => open(await post<TokenView>('/auth/login', credentials))

export const answerChallenge = async (challenge: string, code: string) =>
  open(await post<TokenView>('/auth/second-factor', { challenge, code }))

export const acceptInvitation = async (body: { token: string; password: string; name?: string }) =>
  open(await post<TokenView>('/auth/accept-invitation', body))

export const postAnonymous = post

function end(notice: Session['notice']) {
  access = null
  bodyToken = null
  remember(false)
  change({ status: 'anonymous', me: null, notice })
}

export async function signOut() {
  const token = access?.token
  try {
    if (token) await post('/auth/logout', undefined, token)
  } finally {
    tabs?.postMessage('out')
    end(null)
  }
}

async function renewOnce(): Promise<string | null> {
  try {
    return keep(await post<TokenView>('/auth/refresh', bodyToken ? { refreshToken: bodyToken } : undefined))
  } catch (error) {
    // Only the server's word ends a session: without a network it goes on when the network is back.
    if (error instanceof ApiError && error.status >= 400 && error.status < 500 && error.status !== 429) {
      end(state.status === 'in' ? 'ended' : null)
      return null
    }
    throw error
  }
}

/** One renewal at a time, also between tabs: they share the cookie, and each token of it is good once. */
function renew(): Promise<string | null> {
  renewing ??= (navigator.locks ? navigator.locks.request('workflows-refresh', renewOnce) : renewOnce()).finally(
    () => (renewing = null),
  )
  return renewing
}

/** A token that is good for a while yet, or null when nobody is signed in. */
export async function accessToken(isRefused = false): Promise<string | null> {
  if (!isRefused && access && access.until - Date.now() > RENEW_BEFORE_MS) return access.token
  if (!access && state.status === 'anonymous') return null
  return renew()
}

/** Called once, at the start of the page. */
export async function restore() {
  if (!localStorage.getItem(KNOWN)) return end(null)
  try {
    const token = await renew()
    if (token) change({ status: 'in', me: await readMe(token), notice: null })
  } catch (error) {
    end(null)
    throw error
  }
}

/** Reads anew what the caller may, after the server refused something. */
export async function refreshPermissions() {
  const token = await accessToken()
  if (token) change({ ...state, me: await readMe(token) })
}

tabs?.addEventListener('message', (message) => {
  if (message.data === 'out' && state.status === 'in') end(null)
})
