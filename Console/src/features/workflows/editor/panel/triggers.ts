/** The members of a trigger by its type; what the console does not know stays and is edited as JSON. */
export interface TriggerField {
  name: string
  label: string
  kind: 'text' | 'number' | 'choice' | 'tags' | 'expression' | 'json'
  choices?: string[]
  help?: string
  example?: string
  required?: boolean
}

const field = (name: string, label: string, more: Partial<TriggerField> = {}): TriggerField => ({
  name,
  label,
  kind: 'text',
  ...more,
})

export const TRIGGER_TYPES: Record<string, { label: string; fields: TriggerField[]; start: Record<string, unknown> }> =
  {
    manual: { label: 'By hand or by request', fields: [], start: {} },
    event: {
      label: 'On an event',
      start: { eventType: 'order.created' },
      fields: [
        field('eventType', 'Event type', {
          required: true,
          example: 'order.created',
          help: '`*` stands for one part of it.',
        }),
        field('condition', 'Condition', {
          kind: 'expression',
          example: 'event.data.amount > 0',
          help: 'Left out: every event of the type.',
        }),
      ],
    },
    schedule: {
      label: 'On a schedule',
      start: { cron: '0 8 * * 1-5', timeZone: 'UTC' },
      fields: [
        field('cron', 'Cron', { example: '0 8 * * 1-5', help: 'Exactly one of cron, interval and time.' }),
        field('intervalSeconds', 'Interval, seconds', { kind: 'number' }),
        field('at', 'Once, at', { example: '2027-01-01T00:00:00Z' }),
        field('timeZone', 'Time zone', { example: 'Europe/Berlin' }),
        field('calendar', 'Calendar of holidays'),
        field('onNonBusinessDay', 'On a holiday', {
          kind: 'choice',
          choices: ['skip', 'nextBusinessDay', 'previousBusinessDay'],
        }),
        field('misfire', 'What was missed', { kind: 'choice', choices: ['skip', 'fireOnce', 'fireAll'] }),
        field('overlap', 'While the last one runs', {
          kind: 'choice',
          choices: ['allow', 'skip', 'queue', 'cancelOldest'],
        }),
        field('input', 'Input', { kind: 'json' }),
      ],
    },
    webhook: {
      label: 'On a webhook call',
      start: { path: 'orders', methods: ['POST'] },
      fields: [
        field('path', 'Path', { required: true, example: 'orders' }),
        field('methods', 'Methods', { kind: 'tags', help: 'POST when left out.' }),
        field('auth', 'How the caller proves who it is', { example: 'hmac' }),
        field('scheme', 'Scheme', { example: 'standard' }),
        field('secret', 'Name of the secret'),
        field('respond', 'Answer', { kind: 'choice', choices: ['accepted', 'wait'] }),
        field('waitSeconds', 'Wait at most, seconds', { kind: 'number' }),
      ],
    },
    session: {
      label: 'On a dialogue (USSD)',
      start: { serviceCode: '*123#' },
      fields: [field('serviceCode', 'Service code', { required: true, example: '*123#' })],
    },
  }
