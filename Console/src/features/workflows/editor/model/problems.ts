import type { DefinitionProblem } from '../../../../api/schema.gen'
import { type Definition, edgeId, type GraphDef, type NodeDef, nodesOf } from './definition'

export interface Problem extends DefinitionProblem {
  /** The node that it is of; null for what belongs to the workflow. */
  node: string | null
  /** The member of the node: `/parameters/url`. */
  field: string
  edge: string | null
}

const unescape = (part: string) => part.replaceAll('~1', '/').replaceAll('~0', '~')
export const pointerParts = (pointer: string) => pointer.split('/').slice(1).map(unescape)

export function valueAt(value: unknown, parts: readonly string[]): unknown {
  let at = value
  for (const part of parts) {
    if (typeof at !== 'object' || at === null) return undefined
    at = (at as Record<string, unknown>)[part]
  }
  return at
}

/** Which node, member and edge a pointer of a problem leads to. */
export function locateProblem(definition: Definition, problem: DefinitionProblem): Problem {
  const parts = pointerParts(problem.pointer)
  let graph: GraphDef | undefined = definition
  let node: string | null = null
  let at = 0
  while (graph && at + 1 < parts.length) {
    const index = Number(parts[at + 1])
    if (parts[at] === 'edges') {
      const edge = graph.edges?.[index]
      return { ...problem, node: edge?.from ?? node, field: '', edge: edge ? edgeId(edge) : null }
    }
    const found: GraphDef['nodes'] = parts[at] === 'nodes' ? graph.nodes : undefined
    const here: NodeDef | undefined = found?.[index]
    if (!here) break
    node = here.id
    at += 2
    if (parts[at] !== 'body') break
    graph = here.body
    at += 1
  }
  const field = node === null ? problem.pointer : `/${parts.slice(at).join('/')}`
  return { ...problem, node, field: field === '/' ? '' : field, edge: null }
}

export function problemsByNode(problems: readonly Problem[], definition: Definition): Record<string, number> {
  const counts: Record<string, number> = {}
  const nodes = nodesOf(definition)
  for (const { node } of problems) {
    // A loop that is shut tells of what is wrong inside, too.
    for (let at = node; at !== null; at = nodes.get(at)?.parent ?? null) counts[at] = (counts[at] ?? 0) + 1
  }
  return counts
}
