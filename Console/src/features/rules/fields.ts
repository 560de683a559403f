import type { RuleView } from '../../api/schema.gen'
import type { Field, Values } from '../../ui/fields'
import { example, text } from './text'

export const FIELDS: Field[] = [
  { name: 'name', label: 'Name', required: true },
  { name: 'description', label: 'Description', kind: 'textarea' },
  {
    name: 'eventType',
    label: 'Event type',
    placeholder: 'order.*',
    help: 'Left out in a rule that joins several events.',
  },
  { name: 'condition', label: 'Condition', kind: 'code', help: text.help },
  { name: 'actions', label: 'Actions', kind: 'json', required: true, standard: JSON.stringify(example, null, 2) },
  { name: 'join', label: 'Join', kind: 'json', help: 'Only for a rule that waits for several events.' },
  { name: 'priority', label: 'Priority', kind: 'number', standard: 0, help: 'The highest is tried first.' },
  { name: 'stop', label: 'Stops rules of a lower priority', kind: 'switch' },
  { name: 'activeFrom', label: 'Active from', kind: 'datetime' },
  { name: 'activeTo', label: 'Active until', kind: 'datetime' },
  { name: 'enabled', label: 'On', kind: 'switch', standard: true },
]

/** The definition of a rule beside its other members, as the form has them. */
export const valuesOf = (rule: RuleView): Values => {
  const definition = (rule.definition ?? {}) as Values
  return { ...rule, ...definition, join: definition.join ?? undefined }
}
