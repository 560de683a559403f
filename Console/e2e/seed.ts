import { resolve } from 'node:path'
import { platform } from '../build/platform.ts'
import { api } from './routes.ts'

/** Text that would do harm where a page took it for more than text. */
export const HOSTILE = '<img src=x onerror=alert(1)> \u202Egnp.exe'
const TAG = 'console-tour'

interface Named {
  id: string
  name: string
}

const known = platform(resolve(import.meta.dirname, '..'))

const HOSTILE_DEFINITION = {
  schema: 1,
  name: HOSTILE,
  description: '**Bold** [link](javascript:alert(1)) ![x](https://example.com/x.png)',
  nodes: [
    {
      id: 'value',
      type: 'set',
      name: HOSTILE,
      parameters: { value: { html: HOSTILE, __proto__key: 1, long: 'x'.repeat(20_000) } },
    },
    { id: 'stop', type: 'fail', name: 'Stop', parameters: { code: 'TOUR_FAILED', message: HOSTILE } },
  ],
  edges: [{ from: 'value', to: 'stop' }],
}

const ASKS = (email: string) => ({
  schema: 1,
  name: 'Asks (tour)',
  nodes: [
    {
      id: 'ask',
      type: 'approval',
      name: 'May it go on?',
      parameters: {
        title: `May it go on? ${HOSTILE}`,
        description: 'Look at the **amount** first.',
        users: [email],
        allowSelfApproval: true,
        dueSeconds: 86_400,
        data: { amount: 1250.5, customer: HOSTILE },
        form: {
          type: 'object',
          properties: { limit: { type: 'number', title: 'Limit' }, kind: { type: 'string', enum: ['once', 'always'] } },
          required: ['limit'],
        },
      },
    },
  ],
  edges: [],
})

async function workflow(name: string, definition: unknown): Promise<string> {
  const made = await api<Named>('POST', '/workflows', { name, definition, tags: [TAG] })
  await api('POST', `/workflows/${made.id}/publish`, {})
  return made.id
}

/** Makes once what the tour looks at: hostile names, a request to decide, a failure, an event, a rule, a variable. */
export async function seed() {
  const present = await api<Named[]>('GET', `/workflows?tag=${TAG}`)
  if (present.length === 0) {
    const hostile = await workflow(HOSTILE, HOSTILE_DEFINITION)
    await api('POST', `/workflows/${hostile}/execute`, { input: { [HOSTILE]: HOSTILE }, correlationId: 'tour' })
    await workflow('Asks (tour)', ASKS(known?.email ?? ''))
    await api('POST', '/rules', {
      name: `Large orders ${HOSTILE}`,
      eventType: 'order.*',
      condition: 'event.data.total > 1000000',
      actions: [{ type: 'emitEvent', eventType: 'large.order', data: { id: '{{ event.data.id }}' } }],
    })
    await api('POST', '/variables', { name: 'tour_limit', value: 5, description: HOSTILE })
    await api('POST', '/events', {
      specversion: '1.0',
      id: crypto.randomUUID(),
      source: '/tour',
      type: 'order.tour',
      subject: HOSTILE,
      data: { total: 5, text: HOSTILE },
    })
  }
  const asks = (await api<Named[]>('GET', `/workflows?tag=${TAG}`)).find((one) => one.name.startsWith('Asks'))
  const open = await api<unknown[]>('GET', '/approvals?scope=all&state=open')
  if (asks && open.length < 2) await api('POST', `/workflows/${asks.id}/execute`, { input: {} })
}
