import { useMemo } from 'react'
import { useActs } from '../acts'
import { collectNodes, type NodeDef } from '../model/definition'

/** Changes of one node. Those of one field after each other are one gesture, until another field is touched. */
export function useNodeChange(id: string) {
  const acts = useActs()
  return useMemo(() => {
    const change = (label: string, key: string, recipe: (node: NodeDef) => void) =>
      acts.change(
        label,
        (draft) => {
          const node = collectNodes(draft).get(id)?.node
          if (node) recipe(node)
        },
        `${id}${key}`,
      )
    return {
      member: (name: string, value: unknown) =>
        change(`Change ${name}`, `/${name}`, (node) => {
          if (value === undefined) delete node[name]
          else node[name] = value
        }),
      parameter: (name: string, value: unknown) =>
        change(`Change ${name}`, `/parameters/${name}`, (node) => {
          const parameters = (node.parameters ??= {})
          if (value === undefined) delete parameters[name]
          else parameters[name] = value
        }),
    }
  }, [acts, id])
}
