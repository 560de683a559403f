import { useMemo } from 'react'
import { classes } from './classes'
import { type Definition, edgeId, isSame, nodesOf } from './model/definition'
import { edgesOf } from './acts'

type Kind = 'added' | 'removed' | 'changed'

interface Change {
  key: string
  kind: Kind
  what: string
  detail: string
}

const MOST = 60
const short = (value: unknown) => {
  const text = value === undefined ? 'nothing' : JSON.stringify(value)
  return text.length > 70 ? `${text.slice(0, 70)}…` : text
}

const plain = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? { ...value } : {}

function membersChanged(
  before: Record<string, unknown>,
  after: Record<string, unknown>,
  skip: readonly string[],
): string {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  return names
    .filter((name) => !skip.includes(name) && !isSame(before[name], after[name]))
    .map((name) => `${name}: ${short(before[name])} → ${short(after[name])}`)
    .join('; ')
}

/** What differs between two definitions, node by node. */
export function changesBetween(before: Definition, after: Definition): Change[] {
  const [old, now] = [nodesOf(before), nodesOf(after)]
  const changes: Change[] = []
  let moved = 0
  for (const [id, { node }] of now) {
    const was = old.get(id)?.node
    const what = `Node ${node.name ? `${node.name} (${id})` : id}`
    if (!was) {
      changes.push({ key: id, kind: 'added', what, detail: node.type })
      continue
    }
    const details = [
      membersChanged(was, node, ['parameters', 'body', 'position']),
      membersChanged(plain(was.parameters), plain(node.parameters), []),
      membersChanged(plain(was.body), plain(node.body), ['nodes', 'edges']),
    ].filter(Boolean)
    if (details.length > 0) changes.push({ key: id, kind: 'changed', what, detail: details.join('; ') })
    else if (!isSame(was.position, node.position)) moved++
  }
  for (const [id, { node }] of old) {
    if (!now.has(id)) changes.push({ key: id, kind: 'removed', what: `Node ${node.name ?? id}`, detail: node.type })
  }
  const ids = (definition: Definition) => new Set(edgesOf(definition).map(({ edge }) => edgeId(edge)))
  const [oldEdges, newEdges] = [ids(before), ids(after)]
  for (const id of newEdges) if (!oldEdges.has(id)) changes.push({ key: id, kind: 'added', what: 'Edge', detail: id })
  for (const id of oldEdges) if (!newEdges.has(id)) changes.push({ key: id, kind: 'removed', what: 'Edge', detail: id })
  const rest = membersChanged(before, after, ['nodes', 'edges'])
  if (rest) changes.push({ key: '/', kind: 'changed', what: 'Workflow', detail: rest })
  if (moved > 0) changes.push({ key: 'moved', kind: 'changed', what: `${moved} nodes`, detail: 'moved on the canvas' })
  return changes
}

export function ChangeList({ before, after }: { before: Definition; after: Definition }) {
  const changes = useMemo(() => changesBetween(before, after), [before, after])
  if (changes.length === 0) return <p className={classes.hint}>Nothing differs but the order of members.</p>
  return (
    <ul className={classes.changes} aria-label="Changes">
      {changes.slice(0, MOST).map((change) => (
        <li key={change.kind + change.key} data-kind={change.kind}>
          <b>{change.kind}</b> {change.what} <span className={classes.quiet}>{change.detail}</span>
        </li>
      ))}
      {changes.length > MOST && <li>{(changes.length - MOST).toLocaleString('en')} more</li>}
    </ul>
  )
}
