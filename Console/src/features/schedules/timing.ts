import type { Field, Values } from '../../ui/fields'
import { choices, ZONES } from '../../ui/fields'
import { durationText } from '../../app/time'
import type { Timing } from '../../api/schema.gen'

const spoken = (value: string) => value.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase()

export const TIMING_FIELDS: Field[] = [
  {
    name: 'kind',
    label: 'When',
    kind: 'select',
    required: true,
    standard: 'cron',
    options: [
      { value: 'cron', label: 'By a cron expression' },
      { value: 'interval', label: 'Every so often' },
      { value: 'at', label: 'Once' },
    ],
  },
  {
    name: 'cron',
    label: 'Cron',
    required: true,
    standard: '0 8 * * MON-FRI',
    when: (values) => values.kind === 'cron',
  },
  {
    name: 'intervalSeconds',
    label: 'Seconds between',
    kind: 'number',
    required: true,
    min: 1,
    when: (values) => values.kind === 'interval',
  },
  { name: 'at', label: 'At', kind: 'datetime', required: true, when: (values) => values.kind === 'at' },
  {
    name: 'timeZone',
    label: 'Time zone',
    kind: 'select',
    required: true,
    options: ZONES,
    standard: Intl.DateTimeFormat().resolvedOptions().timeZone,
  },
  { name: 'calendarId', label: 'Calendar of business days', kind: 'select' },
  {
    name: 'onNonBusinessDay',
    label: 'On other days',
    kind: 'select',
    options: choices(['skip', 'nextBusinessDay', 'previousBusinessDay'], spoken),
    when: (values) => Boolean(values.calendarId),
  },
  {
    name: 'overlap',
    label: 'While the last one still runs',
    kind: 'select',
    options: choices(['allow', 'skip', 'queue', 'cancelOldest'], spoken),
  },
  {
    name: 'misfire',
    label: 'What was missed',
    kind: 'select',
    options: choices(['fireOnce', 'skip', 'fireAll'], spoken),
  },
  { name: 'jitterSeconds', label: 'Spread over seconds', kind: 'number', min: 0 },
]

const MEMBERS = ['timeZone', 'calendarId', 'onNonBusinessDay', 'overlap', 'misfire', 'jitterSeconds'] as const

/** The members of the form that belong to the timing, as the API wants them. */
export function timingOf(values: Values): Values {
  const timing: Values = {}
  if (values.kind === 'cron') timing.cron = values.cron
  if (values.kind === 'interval') timing.intervalSeconds = values.intervalSeconds
  if (values.kind === 'at') timing.at = values.at
  for (const name of MEMBERS) if (values[name] !== undefined && values[name] !== '') timing[name] = values[name]
  return timing
}

export const timingValues = (timing: Timing): Values => ({
  ...timing,
  kind: timing.cron ? 'cron' : timing.at ? 'at' : 'interval',
})

export const timingText = (timing: Timing) =>
  timing.cron ?? (timing.at ? 'once' : `every ${durationText((timing.intervalSeconds ?? 0) * 1000)}`)
