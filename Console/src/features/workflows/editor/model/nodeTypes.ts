import { MAIN, type NodeDef } from './definition'

export type ParameterKind =
  'json' | 'text' | 'integer' | 'number' | 'boolean' | 'choice' | 'expression' | 'object' | 'list'

/** A parameter as `GET /node-types` describes it. */
export interface ParameterSpec {
  name: string
  kind: ParameterKind
  required: boolean
  templated: boolean
  secret: boolean
  summary: string
  example?: unknown
  default?: unknown
  choices?: string[]
  min?: number
  max?: number
  maxLength?: number
  fields?: ParameterSpec[]
}

export interface NodeType {
  name: string
  category: string
  effect: string
  summary: string
  output: string
  body: boolean
  ports: { name: string; summary: string }[]
  portsOfParameters?: string
  parameters: ParameterSpec[]
}

export type NodeTypes = ReadonlyMap<string, NodeType>

export const ERROR = 'error'
export const CUSTOM = 'custom:'

/** The ports that a switch's cases and a classify's labels name. */
const namedPorts = (parameters: NodeDef['parameters']): string[] => {
  const items = parameters?.cases ?? parameters?.labels
  if (!Array.isArray(items)) return []
  const names = items.map((item: unknown) => {
    const { port, name } = (item ?? {}) as { port?: unknown; name?: unknown }
    return port ?? name
  })
  return [...new Set(names.filter((name): name is string => typeof name === 'string' && name !== ''))]
}

/** The ports of a node as it is configured, that for errors last. */
export function portsOf(node: NodeDef, types: NodeTypes): string[] {
  const type = types.get(node.type)
  if (!type) return [MAIN, ERROR]
  const own = type.ports.map((port) => port.name)
  return type.portsOfParameters ? [...namedPorts(node.parameters), ...own] : own
}

interface NodeDefinition {
  name: string
  description?: string | null
  parameters?: unknown
}

interface Schema {
  type?: unknown
  properties?: Record<string, Schema>
  required?: unknown
  description?: string
  enum?: unknown[]
  default?: unknown
  minimum?: number
  maximum?: number
}

const KINDS: Record<string, ParameterKind> = {
  string: 'text',
  integer: 'integer',
  number: 'number',
  boolean: 'boolean',
  object: 'object',
}

function specOf(name: string, schema: Schema, isRequired: boolean): ParameterSpec {
  const isChoice = Array.isArray(schema.enum) && schema.enum.every((one) => typeof one === 'string')
  return {
    name,
    kind: isChoice ? 'choice' : (KINDS[typeof schema.type === 'string' ? schema.type : ''] ?? 'json'),
    required: isRequired,
    templated: true,
    secret: false,
    summary: schema.description ?? '',
    ...(schema.default === undefined ? {} : { default: schema.default }),
    ...(isChoice ? { choices: schema.enum as string[] } : {}),
    ...(schema.minimum === undefined ? {} : { min: schema.minimum }),
    ...(schema.maximum === undefined ? {} : { max: schema.maximum }),
  }
}

/** A type of the tenant's own as a node type: its parameters are those of its JSON Schema. */
export function customType({ name, description, parameters }: NodeDefinition): NodeType {
  const schema = (typeof parameters === 'object' && parameters !== null ? parameters : {}) as Schema
  const required = Array.isArray(schema.required) ? schema.required : []
  return {
    name: CUSTOM + name,
    category: 'custom',
    effect: 'effect',
    summary: description ?? '',
    output: '',
    body: false,
    ports: [
      { name: MAIN, summary: 'The node has done its work.' },
      { name: ERROR, summary: 'The node has failed for good.' },
    ],
    parameters: Object.entries(schema.properties ?? {}).map(([key, value]) =>
      specOf(key, value, required.includes(key)),
    ),
  }
}
