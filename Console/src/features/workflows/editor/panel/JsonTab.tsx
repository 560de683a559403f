import { Code } from '../../../../ui/Code'
import { useActs } from '../acts'
import { useEditor, useEditorContext } from '../context'
import { classes } from '../classes'
import { collectNodes, type Definition, type NodeDef, nodesOf, whyNotDrawn } from '../model/definition'
import { JsonInput } from './JsonInput'

/** One node as JSON: all its members, also those that no field shows. */
export function JsonTab({ node }: { node: NodeDef }) {
  const { store, mayEdit } = useEditorContext()
  const acts = useActs()
  const check = (value: unknown) => {
    const problem = whyNotDrawn({ nodes: [value] })
    if (problem) return problem.replace('/nodes/0', '')
    const next = value as NodeDef
    const nodes = nodesOf(store.getState().definition)
    if (next.id !== node.id) return 'The id is changed in Settings, where all that names it follows.'
    const inner = collectNodes({ nodes: next.body?.nodes })
    const twin = [...inner.keys()].find((id) => {
      let at = nodes.get(id)?.parent ?? null
      while (at !== null && at !== node.id) at = nodes.get(at)?.parent ?? null
      return nodes.has(id) && at === null
    })
    return twin === undefined ? null : `There is a node with the id “${twin}” elsewhere.`
  }
  const change = (value: unknown) =>
    acts.change(
      'Edit as JSON',
      (draft) => {
        const found = collectNodes(draft).get(node.id)
        if (found?.graph.nodes) found.graph.nodes[found.index] = value as NodeDef
      },
      `${node.id} json`,
    )
  if (!mayEdit) return <Code label={`JSON of ${node.id}`} value={JSON.stringify(node, null, 2)} />
  return (
    <JsonInput
      label={`JSON of ${node.id}`}
      value={node}
      check={check}
      change={(value) => value !== undefined && change(value)}
      maxHeight="70vh"
    />
  )
}

/** The whole definition as JSON. */
export function DefinitionJson() {
  const { store, mayEdit } = useEditorContext()
  const definition = useEditor((state) => state.definition)
  if (!mayEdit)
    return <Code label="JSON of the definition" value={JSON.stringify(definition, null, 2)} maxHeight="none" />
  return (
    <div className={classes.wholeJson}>
      <JsonInput
        label="JSON of the definition"
        value={definition}
        check={whyNotDrawn}
        maxHeight="none"
        change={(value) => value !== undefined && store.getState().replace('Edit as JSON', value as Definition, 'json')}
      />
    </div>
  )
}
