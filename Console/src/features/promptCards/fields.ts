import type { CardView } from '../../api/schema.gen'
import type { Field, Values } from '../../ui/fields'
import { text } from './text'

const MESSAGES = JSON.stringify([{ role: 'user', text: 'Summarize: {{ text }}' }], null, 2)
const VARIABLES = JSON.stringify([{ name: 'text', type: 'string' }], null, 2)

/** What a card is, apart from where it is. */
export const FIELDS: Field[] = [
  { name: 'title', label: 'Title', required: true },
  { name: 'description', label: 'Description', kind: 'textarea' },
  { name: 'tags', label: 'Tags', kind: 'tags' },
  { name: 'messages', label: 'Messages', kind: 'json', required: true, standard: MESSAGES, help: text.messagesHelp },
  { name: 'variables', label: 'Variables', kind: 'json', standard: VARIABLES, help: text.variablesHelp },
  { name: 'settings', label: 'Settings', kind: 'json', standard: '{}', help: text.settingsHelp },
  { name: 'metadata', label: 'Metadata', kind: 'json', standard: '{}' },
]

export const EDIT: Field[] = [...FIELDS, { name: 'note', label: 'Note of this version' }]

/** The fields of a card that is there. */
export const valuesOf = (card: CardView): Values => ({ ...card, note: undefined })

/** Something to fill a card with: what its variables begin with, or an example of their type. */
export function exampleOf(card: Pick<CardView, 'variables'>): Record<string, unknown> {
  const examples: Record<string, unknown> = {
    string: '',
    number: 0,
    boolean: false,
    date: '2026-01-31',
    list: [],
    object: {},
  }
  return Object.fromEntries(
    card.variables.map((one) => [
      one.name,
      one.default ?? (one.type === 'enum' ? one.options?.[0] : (examples[one.type] ?? '')),
    ]),
  )
}
