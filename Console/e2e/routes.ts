import { resolve } from 'node:path'
import { platform } from '../build/platform.ts'

const known = platform(resolve(import.meta.dirname, '..'))

/** The platform's API with the key of `./run`, to find and to make what pages show. */
export async function api<T>(method: string, path: string, body?: unknown): Promise<T> {
  if (!known?.apiKey) throw new Error('No platform runs here: start one with ./run --detach.')
  const answer = await fetch(`${known.api}/api/v1${path}`, {
    method,
    headers: { Authorization: `Bearer ${known.apiKey}`, 'Content-Type': 'application/json', 'If-Match': '*' },
    body: body === undefined ? undefined : JSON.stringify(body),
  })
  const read = (await answer.json()) as { data: T; error?: { message: string } }
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${read.error?.message}`)
  return read.data
}

const first = async (path: string) => (await api<{ id: string }[]>('GET', path))[0]?.id

/** The routes of the console by the name of their picture, with objects that the platform has. */
export async function routes(): Promise<Record<string, string>> {
  const run = await first('/executions?status=completed&per_page=1')
  const failed = await first('/executions?status=failed&per_page=1')
  const workflow = await first('/workflows?per_page=1')
  const found: Record<string, string | undefined> = {
    home: '/',
    workflows: '/workflows',
    'workflow-overview': workflow && `/workflows/${workflow}`,
    executions: '/executions',
    'run-graph': run && `/executions/${run}`,
    'run-failed': failed && `/executions/${failed}`,
    nothing: '/nothing-here',
  }
  return Object.fromEntries(Object.entries(found).filter((entry): entry is [string, string] => Boolean(entry[1])))
}
