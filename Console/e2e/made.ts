import { expect } from 'vitest'
import { api } from './routes.ts'

interface Made {
  id: string
}

const OVER = ['completed', 'failed', 'cancelled', 'timed_out']

/** Makes and publishes a workflow under a tag, by which `tidy` finds it again. */
export async function workflow(name: string, tag: string, definition: unknown): Promise<string> {
  const { id } = await api<Made>('POST', '/workflows', { name, definition, tags: [tag] })
  await api('POST', `/workflows/${id}/publish`, {})
  return id
}

export const start = async (id: string, input: unknown = {}): Promise<string> =>
  (await api<Made>('POST', `/workflows/${id}/execute`, { input })).id

/** Waits until a run has ended, and gives its status. */
export async function ended(run: string, timeout = 30_000): Promise<string> {
  let status = ''
  await expect
    .poll(
      async () => {
        status = (await api<{ status: string }>('GET', `/executions/${run}?steps=none`)).status
        return OVER.includes(status)
      },
      { timeout, interval: 150 },
    )
    .toBe(true)
  return status
}

/** Takes away the workflows of a tag, which an earlier run of the tests may have left. */
export async function tidy(tag: string) {
  for (const { id } of await api<Made[]>('GET', `/workflows?tag=${tag}&per_page=100`))
    await api('DELETE', `/workflows/${id}?force=true&cancel=true`)
}

export interface Person {
  email: string
  password: string
}

/** Makes a person of some roles, anew each time, since nobody can read a password again. */
export async function person(name: string, ...roles: string[]): Promise<Person> {
  const made = { email: `${name}-${Date.now()}@example.com`, password: `Long-enough-${crypto.randomUUID()}` }
  await api('POST', '/users', { ...made, name: `${name} of the tests`, roles })
  return made
}
