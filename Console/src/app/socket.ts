import { useEffect, useRef, useSyncExternalStore } from 'react'
import { accessToken, currentSession, subscribeSession } from '../api/session'

export interface News {
  id?: string
  topic: string
  type: string
  at?: string
  data: Record<string, unknown>
}

interface Topic {
  listeners: Set<(news: News) => void>
  last: string | null
}

type Frame = Partial<News> & { op?: string; live?: boolean }

const FIRST_WAIT_MS = 500
const LONGEST_WAIT_MS = 30_000
const HIDDEN_MS = 60_000
const RENEW_MS = 10 * 60_000
const WATCH_MS = 2_000
const QUIET_MS = 8_000
const DEAD_MS = 14_000

let socket: WebSocket | null = null
let isReady = false
let isLive = false
let wait = FIRST_WAIT_MS
let retry: ReturnType<typeof setTimeout> | undefined
let hiding: ReturnType<typeof setTimeout> | undefined
let renewal: ReturnType<typeof setInterval> | undefined
let watch: ReturnType<typeof setInterval> | undefined
let heardAt = 0
const topics = new Map<string, Topic>()
const watchers = new Set<() => void>()

function setLive(next: boolean) {
  if (isLive === next) return
  isLive = next
  watchers.forEach((watcher) => watcher())
}

const say = (message: unknown) => {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message))
}

const subscribeTopic = (name: string, topic: Topic) =>
  say({ op: 'subscribe', topic: name, ...(topic.last ? { after: topic.last } : {}) })

function hear(frame: Frame) {
  if (frame.op === 'welcome') {
    isReady = true
    wait = FIRST_WAIT_MS
    setLive(frame.live ?? true)
    topics.forEach((topic, name) => subscribeTopic(name, topic))
    return
  }
  if (frame.op === 'state') return setLive(frame.live ?? false)
  const topic = frame.topic ? topics.get(frame.topic) : undefined
  if (!topic || !frame.topic) return
  if (frame.id) topic.last = frame.id
  if (frame.op === 'reset') {
    topic.listeners.forEach((listener) => listener({ topic: frame.topic ?? '', type: 'reset', data: {} }))
  } else if (!frame.op && frame.type) {
    const news = frame as News
    topic.listeners.forEach((listener) => listener({ ...news, data: news.data ?? {} }))
  }
}

function later() {
  clearTimeout(retry)
  if (topics.size === 0 || document.hidden) return
  retry = setTimeout(() => void connect(), wait * (0.75 + Math.random() / 2))
  wait = Math.min(wait * 2, LONGEST_WAIT_MS)
}

async function connect() {
  if (socket || currentSession().status !== 'in') return
  const token = await accessToken().catch(() => null)
  if (!token) return later()
  if (socket) return
  const opened = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/api/v1/ws`)
  socket = opened
  opened.addEventListener('open', () => {
    say({ op: 'auth', token })
    clearInterval(renewal)
    renewal = setInterval(() => {
      // A renewal that fails now is tried again by the next request; the server closes the socket at worst.
      accessToken().then((fresh) => fresh && say({ op: 'auth', token: fresh }), later)
    }, RENEW_MS)
  })
  opened.addEventListener('message', (message) => {
    heardAt = Date.now()
    hear(JSON.parse(String(message.data)) as Frame)
  })
  opened.addEventListener('close', () => lose(opened))
  heardAt = Date.now()
  clearInterval(watch)
  watch = setInterval(() => tend(opened), WATCH_MS)
}

function lose(lost: WebSocket) {
  if (socket !== lost) return
  clearInterval(renewal)
  clearInterval(watch)
  socket = null
  isReady = false
  setLive(false)
  later()
}

/** A server that hangs, or a network that went away, closes nothing: what answers no question any more is lost. */
function tend(opened: WebSocket) {
  const quiet = Date.now() - heardAt
  if (quiet > DEAD_MS) {
    lose(opened)
    opened.close()
  } else if (quiet > QUIET_MS) say({ op: 'ping' })
}

function disconnect() {
  clearTimeout(retry)
  clearInterval(renewal)
  clearInterval(watch)
  const closing = socket
  socket = null
  isReady = false
  closing?.close()
  setLive(false)
}

export function listen(name: string, listener: (news: News) => void): () => void {
  const topic = topics.get(name) ?? { listeners: new Set(), last: null }
  const isNew = !topics.has(name)
  topics.set(name, topic)
  topic.listeners.add(listener)
  if (!socket) void connect()
  else if (isNew && isReady) subscribeTopic(name, topic)
  return () => {
    topic.listeners.delete(listener)
    if (topic.listeners.size > 0) return
    topics.delete(name)
    if (isReady) say({ op: 'unsubscribe', topic: name })
  }
}

/** Tells the others on a topic what one is at. */
export const tellPresence = (topic: string, data: unknown) => say({ op: 'presence', topic, data })

export const useIsLive = () =>
  useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher)
      return () => watchers.delete(watcher)
    },
    () => isLive,
  )

/** Hears a topic while the component is there. */
export function useTopic(topic: string | null, hearNews: (news: News) => void) {
  const latest = useRef(hearNews)
  useEffect(() => {
    latest.current = hearNews
  })
  useEffect(() => (topic ? listen(topic, (news) => latest.current(news)) : undefined), [topic])
}

const POLL_MS = 5_000

/** How often to poll: not at all while news come by the socket. */
export function usePolling(every = POLL_MS): number | false {
  return useIsLive() ? false : every
}

document.addEventListener('visibilitychange', () => {
  clearTimeout(hiding)
  if (document.hidden) hiding = setTimeout(disconnect, HIDDEN_MS)
  else if (!socket && topics.size > 0) {
    wait = FIRST_WAIT_MS
    void connect()
  }
})

subscribeSession(() => {
  if (currentSession().status === 'anonymous') disconnect()
  else if (currentSession().status === 'in' && !socket && topics.size > 0) void connect()
})
