import type { Field } from './fields'

interface Schema {
  type?: string | string[]
  title?: string
  description?: string
  enum?: unknown[]
  default?: unknown
  format?: string
  minimum?: number
  maximum?: number
  properties?: Record<string, Schema>
  required?: string[]
}

function kindOf(schema: Schema): Field['kind'] {
  if (Array.isArray(schema.enum) && schema.enum.every((one) => typeof one === 'string')) return 'select'
  const type = Array.isArray(schema.type) ? schema.type.find((one) => one !== 'null') : schema.type
  if (type === 'integer' || type === 'number') return 'number'
  if (type === 'boolean') return 'switch'
  if (type === 'string') return schema.format === 'date-time' ? 'datetime' : 'text'
  return 'json'
}

const shownDefault = (schema: Schema, kind: Field['kind']) =>
  schema.default === undefined ? undefined : kind === 'json' ? JSON.stringify(schema.default, null, 2) : schema.default

/** Fields for a JSON Schema whose top is an object; null where the input has to be written as JSON. */
export function schemaFields(schema: unknown): Field[] | null {
  const root = schema as Schema | null | undefined
  if (!root || typeof root !== 'object' || typeof root.properties !== 'object' || root.properties === null) return null
  return Object.entries(root.properties).map(([name, one]) => {
    const kind = kindOf(one)
    return {
      name,
      label: one.title ?? name,
      kind,
      help: one.description,
      required: kind !== 'switch' && (root.required?.includes(name) ?? false),
      standard: shownDefault(one, kind),
      min: one.minimum,
      max: one.maximum,
      options: kind === 'select' ? (one.enum as string[]).map((value) => ({ value, label: value })) : undefined,
    }
  })
}
