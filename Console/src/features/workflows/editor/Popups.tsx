import { SegmentedControl } from '@mantine/core'
import { useMemo, useState } from 'react'
import { NodeIcon } from '../../../ui/graph/NodeIcon'
import { SafeText } from '../../../ui/SafeText'
import { useActs } from './acts'
import { type Popup, useEditor, useEditorContext } from './context'
import { classes } from './classes'
import { type NodeDef, nodesOf } from './model/definition'
import { ERROR, portsOf } from './model/nodeTypes'
import { whyNotConnected } from './model/operations'
import { inOrder } from './model/outline'
import { Picker } from './Picker'
import { CATEGORY_NAMES, text } from './text'
import { findTypes, TypeLine } from './TypeLine'

function Palette({ popup, close }: { popup: Extract<Popup, { kind: 'palette' }>; close: () => void }) {
  const { types } = useEditorContext()
  const acts = useActs()
  return (
    <Picker
      title={text.addNode}
      label={text.searchTypes}
      empty={text.noType}
      close={close}
      pick={(name) => acts.add(name, popup)}
      items={(query) =>
        findTypes(types.values(), query).map((type) => ({
          key: type.name,
          group: query ? undefined : (CATEGORY_NAMES[type.category] ?? type.category),
          content: <TypeLine type={type} />,
        }))
      }
    />
  )
}

export function NodeLine({ node }: { node: NodeDef }) {
  return (
    <>
      <span className={classes.pickIcon}>
        <NodeIcon type={node.type} size={16} />
      </span>
      <span className={classes.pickText}>
        <span className={classes.pickName}>
          <SafeText most={80}>{node.name ?? node.id}</SafeText> <code>{node.id}</code>
        </span>
        <span className={classes.pickHelp}>{node.type}</span>
      </span>
    </>
  )
}

const fits = (node: NodeDef, query: string) => {
  if (query === '') return true
  const { body: _, ...own } = node
  return JSON.stringify(own).toLowerCase().includes(query)
}

/** Joins the chosen node to another one by keyboard: first the port, then the target. */
function Connect({ from, close }: { from: string; close: () => void }) {
  const { types } = useEditorContext()
  const acts = useActs()
  const definition = useEditor((state) => state.definition)
  const source = nodesOf(definition).get(from)
  const ports = useMemo(() => (source ? portsOf(source.node, types) : []), [source, types])
  const wired = (source?.graph.edges ?? []).filter((edge) => edge.from === from).map((edge) => edge.port ?? 'main')
  const [port, setPort] = useState(ports.find((one) => one !== ERROR && !wired.includes(one)) ?? ports[0] ?? 'main')
  if (!source) return null
  const targets = inOrder(source.graph).filter((node) => !whyNotConnected(definition, from, port, node.id))
  return (
    <Picker
      title={text.connectTitle(source.node.name ?? from)}
      label={text.searchNodes}
      empty={ports.length === 0 ? 'This node ends the execution: it has no ports.' : text.noTarget}
      close={close}
      pick={(to) => {
        acts.join(from, port, to)
        close()
      }}
      items={(query) =>
        ports.length === 0
          ? []
          : targets
              .filter((node) => fits(node, query))
              .map((node) => ({ key: node.id, content: <NodeLine node={node} /> }))
      }
    >
      {ports.length > 1 && (
        <SegmentedControl fullWidth mb="xs" aria-label="Port" data={ports} value={port} onChange={setPort} />
      )}
    </Picker>
  )
}

function Find({ close }: { close: () => void }) {
  const acts = useActs()
  const definition = useEditor((state) => state.definition)
  return (
    <Picker
      title={text.find}
      label={text.searchNodes}
      empty={text.noNode}
      close={close}
      pick={(id) => {
        close()
        acts.open(id)
      }}
      items={(query) =>
        [...nodesOf(definition).values()]
          .filter(({ node }) => fits(node, query))
          .map(({ node }) => ({ key: node.id, content: <NodeLine node={node} /> }))
      }
    />
  )
}

/** The searches that stand over the canvas. */
export function Popups({ popup, close }: { popup: Popup | null; close: () => void }) {
  if (popup?.kind === 'palette') return <Palette popup={popup} close={close} />
  if (popup?.kind === 'connect') return <Connect from={popup.from} close={close} />
  if (popup?.kind === 'find') return <Find close={close} />
  return null
}
