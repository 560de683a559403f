import { type Definition, type EdgeDef, edgeId, type GraphDef, isSame, type NodeDef } from './definition'

export type Side = 'mine' | 'theirs'

/** Two people changed the same thing differently: one of the two is taken. */
export interface Conflict {
  /** `node:pay`, `member:settings`, `loop:each/output`: what was changed. */
  key: string
  label: string
  base: unknown
  mine: unknown
  theirs: unknown
}

export interface Merge {
  merged: Definition
  conflicts: Conflict[]
  /** What came in from the other side without a conflict. */
  taken: string[]
}

interface Context {
  choices: Readonly<Record<string, Side>>
  conflicts: Conflict[]
  taken: string[]
}

const GONE = Symbol('gone')
type Maybe<T> = T | typeof GONE

function pick<T>(
  context: Context,
  key: string,
  label: string,
  base: Maybe<T>,
  mine: Maybe<T>,
  theirs: Maybe<T>,
): Maybe<T> {
  if (isSame(mine, theirs) || isSame(theirs, base)) return mine
  if (isSame(mine, base)) {
    context.taken.push(label)
    return theirs
  }
  const shown = (value: Maybe<T>) => (value === GONE ? undefined : value)
  context.conflicts.push({ key, label, base: shown(base), mine: shown(mine), theirs: shown(theirs) })
  return context.choices[key] === 'theirs' ? theirs : mine
}

const memberOf = (of: object | undefined, name: string): Maybe<unknown> =>
  of && Object.hasOwn(of, name) ? (of as Record<string, unknown>)[name] : GONE

/** Members of three objects but those that are merged by rules of their own; the order is that of mine. */
function members(
  context: Context,
  at: string,
  label: string,
  [base, mine, theirs]: (object | undefined)[],
  skip: readonly string[],
): Record<string, unknown> {
  const merged: Record<string, unknown> = {}
  const names = new Set([...Object.keys(mine ?? {}), ...Object.keys(theirs ?? {}), ...Object.keys(base ?? {})])
  for (const name of names) {
    if (skip.includes(name)) continue
    const key = `${at}/${name}`
    const found = pick(
      context,
      key,
      label ? `${label}: ${name}` : name,
      memberOf(base, name),
      memberOf(mine, name),
      memberOf(theirs, name),
    )
    if (found !== GONE) merged[name] = found
  }
  return merged
}

const byId = (nodes: NodeDef[] | undefined) => new Map((nodes ?? []).map((node) => [node.id, node]))
const nameOf = (node: NodeDef | undefined, id: string) => (node?.name ? `${node.name} (${id})` : id)

function mergeNode(context: Context, id: string, base?: NodeDef, mine?: NodeDef, theirs?: NodeDef): NodeDef | null {
  const label = nameOf(mine ?? theirs ?? base, id)
  if (!mine || !theirs) {
    // One side took it out, or put it in: the node as a whole is what differs.
    const found = pick<NodeDef>(context, `node:${id}`, label, base ?? GONE, mine ?? GONE, theirs ?? GONE)
    return found === GONE ? null : found
  }
  const three = [base, mine, theirs]
  const merged = members(context, `node:${id}`, label, three, ['id', 'parameters', 'body', 'position'])
  const settled: Record<string, unknown> = {}
  const names = new Set([...Object.keys(mine), ...Object.keys(theirs)])
  for (const name of names) {
    if (name === 'id') settled.id = id
    else if (name === 'parameters') {
      const parameters = three.map((node) => node?.parameters)
      settled.parameters = members(context, `node:${id}/parameters`, label, parameters, [])
    } else if (name === 'body') {
      const [before, here, there] = three.map((node) => node?.body)
      if (here && there) settled.body = mergeGraph(context, before, here, there, `loop:${id}`, label)
      else if (here || there) settled.body = here ?? there
    } else if (name === 'position') {
      // Where a node is drawn is worth no question: mine stays unless only the others moved it.
      settled.position = isSame(mine.position, base?.position) ? (theirs.position ?? mine.position) : mine.position
    } else if (Object.hasOwn(merged, name)) settled[name] = merged[name]
  }
  return settled as unknown as NodeDef
}

const edgesById = (edges: EdgeDef[] | undefined) => new Map((edges ?? []).map((edge) => [edgeId(edge), edge]))

function mergeEdges(
  context: Context,
  base: GraphDef | undefined,
  mine: GraphDef,
  theirs: GraphDef,
  nodes: Set<string>,
) {
  const [before, here, there] = [edgesById(base?.edges), edgesById(mine.edges), edgesById(theirs.edges)]
  const merged: EdgeDef[] = []
  for (const id of new Set([...here.keys(), ...there.keys()])) {
    const found = pick<EdgeDef>(
      context,
      `edge:${id}`,
      `edge ${id}`,
      before.get(id) ?? GONE,
      here.get(id) ?? GONE,
      there.get(id) ?? GONE,
    )
    if (found !== GONE && nodes.has(found.from) && nodes.has(found.to)) merged.push(found)
  }
  return merged
}

function mergeGraph(
  context: Context,
  base: GraphDef | undefined,
  mine: GraphDef,
  theirs: GraphDef,
  at: string,
  label: string,
): GraphDef {
  const [before, here, there] = [byId(base?.nodes), byId(mine.nodes), byId(theirs.nodes)]
  const nodes: NodeDef[] = []
  for (const id of new Set([...here.keys(), ...there.keys()])) {
    const node = mergeNode(context, id, before.get(id), here.get(id), there.get(id))
    if (node) nodes.push(node)
  }
  const edges = mergeEdges(context, base, mine, theirs, new Set(nodes.map((node) => node.id)))
  const rest = members(context, at, label, [base, mine, theirs], ['nodes', 'edges'])
  const merged: GraphDef = {}
  for (const name of new Set([...Object.keys(mine), ...Object.keys(theirs)])) {
    if (name === 'nodes') merged.nodes = nodes
    else if (name === 'edges') merged.edges = edges
    else if (Object.hasOwn(rest, name)) merged[name] = rest[name]
  }
  return merged
}

/**
 * What two people made of one definition, put together: nodes and their parameters one by one. Where both changed the
 * same, `choices` say whose it is by the conflict's key; mine until somebody has chosen.
 */
export function merge(
  base: Definition,
  mine: Definition,
  theirs: Definition,
  choices: Readonly<Record<string, Side>> = {},
): Merge {
  const context: Context = { choices, conflicts: [], taken: [] }
  return { merged: mergeGraph(context, base, mine, theirs, 'member:', ''), ...context }
}
