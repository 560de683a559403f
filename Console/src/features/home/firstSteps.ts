import type { WorkflowItem } from '../../api/schema.gen'

/** A tenant in which people have made more than this is past its beginning. */
const BEGUN = 3

/** The workflow that the first steps are about: the first one that a person made, and not a program. */
export function firstOf(workflows: WorkflowItem[]): { workflow: WorkflowItem | null; isPast: boolean } {
  const made = workflows.filter((one) => one.createdBy !== null)
  return { workflow: made.at(-1) ?? null, isPast: made.length > BEGUN }
}

export interface Seen {
  workflow: WorkflowItem | null
  /** How many nodes the draft has. */
  nodes: number
  hasTest: boolean
  hasRun: boolean
}

export type StepName = 'start' | 'nodes' | 'test' | 'publish' | 'call'

/** Each step is done when what it leads to is there, however it came to be. */
export function stepsOf({ workflow, nodes, hasTest, hasRun }: Seen): { name: StepName; isDone: boolean }[] {
  return [
    { name: 'start', isDone: workflow !== null },
    { name: 'nodes', isDone: workflow !== null && nodes > 1 },
    { name: 'test', isDone: hasTest },
    { name: 'publish', isDone: workflow !== null && workflow.publishedVersion !== null },
    { name: 'call', isDone: hasRun },
  ]
}

interface Schema {
  type?: unknown
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  enum?: unknown[]
  default?: unknown
  minimum?: number
}

/** A value that fits the usual schemas of inputs, for people to change. */
export function sampleOf(schema: Schema | undefined, depth = 0): unknown {
  if (!schema || depth > 4) return {}
  if (schema.default !== undefined) return schema.default
  if (schema.enum?.length) return schema.enum[0]
  switch (schema.type) {
    case 'string':
      return 'text'
    case 'integer':
    case 'number':
      return Math.max(1, schema.minimum ?? 1)
    case 'boolean':
      return true
    case 'array':
      return [sampleOf(schema.items, depth + 1)]
    default:
      return Object.fromEntries(
        (schema.required ?? []).map((name) => [name, sampleOf(schema.properties?.[name], depth + 1)]),
      )
  }
}

const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`

/** The line that starts a workflow from a terminal. The key is a variable of the shell, and never written here. */
export const curlOf = (origin: string, workflow: string, input: unknown) =>
  [
    `curl -X POST ${origin}/api/v1/workflows/${workflow}/execute \\`,
    `  -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' \\`,
    `  -d ${quoted(JSON.stringify({ input }))}`,
  ].join('\n')
