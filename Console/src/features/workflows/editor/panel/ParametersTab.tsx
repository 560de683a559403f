import { Stack } from '@mantine/core'
import { useEffect, useRef } from 'react'
import { Code } from '../../../../ui/Code'
import { useEditorContext, useView } from '../context'
import { classes } from '../classes'
import type { NodeDef } from '../model/definition'
import type { NodeType } from '../model/nodeTypes'
import { text } from '../text'
import { JsonInput } from './JsonInput'
import { ParameterField } from './ParameterField'
import { useNodeChange } from './useNodeChange'

/** Brings a field that a problem named into view, and the focus into it. */
function useFieldFocus() {
  const { view } = useEditorContext()
  const field = useView((state) => state.field)
  const host = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (field === null) return undefined
    let left = 20
    const find = () => {
      const parts = field.split('/')
      for (let end = parts.length; end > 1; end--) {
        const at = host.current?.querySelector(`[data-field="${CSS.escape(parts.slice(0, end).join('/'))}"]`)
        const input = at?.querySelector<HTMLElement>('.cm-content, input:not([type=radio]), textarea, select')
        if (input) {
          at?.scrollIntoView({ block: 'center' })
          input.focus()
          view.setState({ field: null })
          return
        }
      }
      // The code editor comes in a chunk of its own: it may not be there yet.
      if (left-- > 0) timer = setTimeout(find, 100)
    }
    let timer = setTimeout(find, 30)
    return () => clearTimeout(timer)
  }, [field, view])
  return host
}

export function ParametersTab({ node, type }: { node: NodeDef; type: NodeType | undefined }) {
  const change = useNodeChange(node.id)
  const problems = useView((state) => state.problems)
  const { mayEdit } = useEditorContext()
  const host = useFieldFocus()
  const parameters = node.parameters ?? {}
  const unknown = Object.entries(parameters).filter(([name]) => !type?.parameters.some((spec) => spec.name === name))
  return (
    <div ref={host}>
      <Stack gap="md">
        {!type && <p className={classes.hint}>{text.unknownType(node.type)}</p>}
        {type?.parameters.length === 0 && <p className={classes.hint}>{text.noParameters}</p>}
        {type?.parameters.map((spec) => (
          <ParameterField
            key={spec.name}
            spec={spec}
            node={node.id}
            pointer={`/parameters/${spec.name}`}
            value={parameters[spec.name]}
            problems={problems.filter((problem) => problem.node === node.id)}
            readOnly={!mayEdit}
            change={(value) => change.parameter(spec.name, value)}
          />
        ))}
        {unknown.length > 0 && type && <h3 className={classes.subhead}>{text.unknownParameters}</h3>}
        {unknown.map(([name, value]) => (
          <div key={name} data-field={`/parameters/${name}`}>
            <div className={classes.fieldName}>{name}</div>
            {mayEdit ? (
              <JsonInput label={name} value={value} change={(next) => change.parameter(name, next)} />
            ) : (
              <Code label={name} value={JSON.stringify(value, null, 2)} />
            )}
          </div>
        ))}
      </Stack>
    </div>
  )
}
