import { CloseButton, Tabs } from '@mantine/core'
import { Markdown } from '../../../../ui/Markdown'
import { NodeIcon } from '../../../../ui/graph/NodeIcon'
import { PanelBoundary } from '../../../../ui/PanelBoundary'
import { SafeText } from '../../../../ui/SafeText'
import { type PanelTab, useEditor, useEditorContext, useView } from '../context'
import { classes } from '../classes'
import { type NodeDef, nodesOf } from '../model/definition'
import type { NodeType } from '../model/nodeTypes'
import { PHRASES, text } from '../text'
import { InputTab, OutputTab } from './DataTabs'
import { JsonTab } from './JsonTab'
import { ParametersTab } from './ParametersTab'
import { SettingsTab } from './SettingsTab'
import { WorkflowPanel } from './WorkflowPanel'

const TABS: PanelTab[] = ['parameters', 'input', 'output', 'settings', 'json', 'docs']

function DocsTab({ type }: { type: NodeType | undefined }) {
  if (!type) return null
  return (
    <div className={classes.docs}>
      <Markdown>{type.summary}</Markdown>
      {type.output && (
        <>
          <h3>{text.output}</h3>
          <Markdown>{type.output}</Markdown>
        </>
      )}
      <h3>Ports</h3>
      <dl>
        {type.ports.map((port) => (
          <div key={port.name}>
            <dt>
              <code>{port.name}</code>
            </dt>
            <dd>
              <Markdown>{port.summary}</Markdown>
            </dd>
          </div>
        ))}
      </dl>
      {type.portsOfParameters && <Markdown>{type.portsOfParameters}</Markdown>}
      <h3>{text.parameters}</h3>
      <dl>
        {type.parameters.map((parameter) => (
          <div key={parameter.name}>
            <dt>
              <code>{parameter.name}</code> {parameter.kind}
              {parameter.required && ', required'}
            </dt>
            <dd>
              <Markdown>{parameter.summary}</Markdown>
              {parameter.example !== undefined && <code>{JSON.stringify(parameter.example)}</code>}
            </dd>
          </div>
        ))}
      </dl>
    </div>
  )
}

function Body({ tab, node, type }: { tab: PanelTab; node: NodeDef; type: NodeType | undefined }) {
  switch (tab) {
    case 'parameters':
      return <ParametersTab node={node} type={type} />
    case 'input':
      return <InputTab node={node} />
    case 'output':
      return <OutputTab node={node} type={type} />
    case 'settings':
      return <SettingsTab node={node} type={type} />
    case 'json':
      return <JsonTab node={node} />
    case 'docs':
      return <DocsTab type={type} />
  }
}

/** What the chosen node is; without one, what the workflow as a whole is. */
export function NodePanel() {
  const { types, view } = useEditorContext()
  const id = useEditor((state) => state.chosen.at(-1) ?? null)
  const count = useEditor((state) => state.chosen.length)
  const definition = useEditor((state) => state.definition)
  const tab = useView((state) => state.tab)
  const node = id === null ? undefined : nodesOf(definition).get(id)?.node
  if (!node) return <WorkflowPanel />
  const type = types.get(node.type)
  return (
    <>
      <div className={classes.panelHead}>
        <span className={classes.pickIcon} data-category={type?.category}>
          <NodeIcon type={node.type} size={16} />
        </span>
        <span className={classes.pickText}>
          <h2 className={classes.panelTitle}>
            <SafeText most={60}>{node.name ?? node.id}</SafeText>
          </h2>
          <span className={classes.pickHelp}>
            {PHRASES[node.type] ?? node.type} · <code>{node.id}</code>
            {count > 1 && ` · ${text.nodeCount(count)} chosen`}
          </span>
        </span>
        <CloseButton aria-label="Close the panel" onClick={() => view.setState({ isPanelOpen: false })} />
      </div>
      <Tabs
        value={tab}
        onChange={(next) => next && view.setState({ tab: next as PanelTab })}
        keepMounted={false}
        className={classes.panelTabs}
      >
        <Tabs.List aria-label="Views of the node">
          {TABS.map((one) => (
            <Tabs.Tab key={one} value={one}>
              {text[one]}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {TABS.map((one) => (
          <Tabs.Panel key={one} value={one} className={classes.panelBody} tabIndex={0}>
            <PanelBoundary resetOn={node.id}>
              <Body key={node.id} tab={one} node={node} type={type} />
            </PanelBoundary>
          </Tabs.Panel>
        ))}
      </Tabs>
    </>
  )
}
