import type { ErrorDetail } from '../api/schema.gen'

export type FieldKind =
  'text' | 'password' | 'textarea' | 'number' | 'switch' | 'select' | 'multi' | 'tags' | 'json' | 'code' | 'datetime'

export type Values = Record<string, unknown>

export interface Field {
  name: string
  label: string
  kind?: FieldKind
  help?: string
  required?: boolean
  options?: { value: string; label: string }[]
  standard?: unknown
  readOnly?: boolean
  placeholder?: string
  /** Lines of a text that are seen at once. */
  rows?: number
  min?: number
  max?: number
  /** Shown only when it says so. */
  when?: (values: Values) => boolean
}

const isEmpty = (value: unknown) => value === undefined || value === null || value === '' || Number.isNaN(value)

export function startValues(fields: Field[], initial: Values = {}): Values {
  const values: Values = {}
  for (const field of fields) {
    const given = initial[field.name]
    if (field.kind === 'json') {
      values[field.name] = given === undefined ? ((field.standard as string) ?? '') : JSON.stringify(given, null, 2)
    } else {
      values[field.name] = given ?? field.standard ?? (field.kind === 'switch' ? false : undefined)
    }
  }
  return values
}

export interface Reading {
  body: Values
  problems: Record<string, string>
}

/** What is sent: JSON is parsed, empty optional fields are left out, and what is missing or no JSON is a problem. */
export function readValues(fields: Field[], values: Values): Reading {
  const reading: Reading = { body: {}, problems: {} }
  for (const field of fields) {
    if (field.readOnly || (field.when && !field.when(values))) continue
    const value = values[field.name]
    if (isEmpty(value) || (Array.isArray(value) && value.length === 0 && field.required)) {
      if (field.required) reading.problems[field.name] = `${field.label} is needed.`
      continue
    }
    if (field.kind !== 'json') {
      reading.body[field.name] = value
      continue
    }
    try {
      reading.body[field.name] = JSON.parse(value as string)
    } catch (error) {
      reading.problems[field.name] = error instanceof Error ? error.message : 'This is no JSON.'
    }
  }
  return reading
}

/** The API's details at the fields that they speak of; the rest stays with the whole form. */
export function problemsOf(fields: Field[], details: ErrorDetail[]): Record<string, string> {
  const found: Record<string, string> = {}
  for (const detail of details) {
    const name = detail.pointer.replace(/^\//, '').split('/')[0] ?? ''
    if (fields.some((field) => field.name === name)) found[name] = `${detail.message} ${detail.hint ?? ''}`.trim()
  }
  return found
}

export const choices = (values: readonly string[], label = (value: string) => value) =>
  values.map((value) => ({ value, label: label(value) }))

/** Time zones to choose from. The browser's own is among them, also under a name that is an alias of another. */
export const ZONES = choices([
  ...new Set(['UTC', Intl.DateTimeFormat().resolvedOptions().timeZone, ...Intl.supportedValuesOf('timeZone')]),
])
