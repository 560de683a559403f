import { useMemo } from 'react'
import { useEditor, useView } from './context'
import { graphsOf, isSame, nodesOf } from './model/definition'

const NONE: ReadonlySet<string> = new Set()

const withoutPlace = (node: object | undefined) =>
  node ? { ...node, position: undefined, name: undefined, body: undefined } : undefined

/** Nodes that changed since the last test, and those after them: what is shown of them is of before. */
export function useStale(): ReadonlySet<string> {
  const definition = useEditor((state) => state.definition)
  const test = useView((state) => state.test)
  return useMemo(() => {
    if (!test || test.definition === definition) return NONE
    const [before, now] = [nodesOf(test.definition), nodesOf(definition)]
    const stale = new Set<string>()
    for (const [id, { node }] of now) {
      const old = before.get(id)?.node
      if (old && old !== node && !isSame(withoutPlace(old), withoutPlace(node))) stale.add(id)
    }
    const next = new Map<string, string[]>()
    for (const { graph, parent } of graphsOf(definition)) {
      for (const edge of graph.edges ?? []) next.set(edge.from, [...(next.get(edge.from) ?? []), edge.to])
      if (parent !== null)
        for (const node of graph.nodes ?? []) next.set(node.id, [...(next.get(node.id) ?? []), parent])
    }
    for (const id of stale) for (const to of next.get(id) ?? []) if (before.has(to)) stale.add(to)
    return stale
  }, [definition, test])
}
