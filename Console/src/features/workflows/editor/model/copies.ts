import type { Definition } from './definition'

/** What is edited, on this device: written at each change, so that a crash loses nothing. */
export interface DeviceCopy {
  user: string
  workflow: string
  definition: Definition
  /** The definition that it was begun from, and the ETag that it had. */
  base: Definition
  baseVersion: number
  draftVersion: number
  savedAt: string
}

const NAME = 'workflows-editor'
const STORE = 'copies'
let opened: Promise<IDBDatabase> | null = null

function answer<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result))
    request.addEventListener('error', () => reject(request.error ?? new Error('The browser kept nothing.')))
  })
}

function open(): Promise<IDBDatabase> {
  opened ??= (() => {
    const request = indexedDB.open(NAME, 1)
    request.addEventListener('upgradeneeded', () => request.result.createObjectStore(STORE))
    return answer(request)
  })()
  return opened
}

const keyOf = (user: string, workflow: string) => `${user} ${workflow}`

async function store(mode: IDBTransactionMode) {
  const database = await open()
  return database.transaction(STORE, mode, { durability: 'strict' }).objectStore(STORE)
}

export async function keepCopy(copy: DeviceCopy): Promise<void> {
  await answer((await store('readwrite')).put(copy, keyOf(copy.user, copy.workflow)))
}

export async function readCopy(user: string, workflow: string): Promise<DeviceCopy | null> {
  return ((await answer((await store('readonly')).get(keyOf(user, workflow)))) as DeviceCopy | undefined) ?? null
}

export async function dropCopy(user: string, workflow: string): Promise<void> {
  await answer((await store('readwrite')).delete(keyOf(user, workflow)))
}

/** Copies of whoever used this browser before are nobody's business. */
export async function dropOthers(user: string): Promise<void> {
  const copies = await store('readwrite')
  const keys = await answer(copies.getAllKeys())
  for (const key of keys) if (typeof key === 'string' && !key.startsWith(`${user} `)) copies.delete(key)
}
