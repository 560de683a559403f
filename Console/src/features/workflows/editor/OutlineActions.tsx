import { Menu } from '@mantine/core'
import { EllipsisVertical } from 'lucide-react'
import { useActs } from './acts'
import { classes } from './classes'
import { useEditorContext } from './context'
import { portsOf } from './model/nodeTypes'
import type { OutlineItem } from './model/outline'

/** What can be done to one node of the outline. */
export function OutlineActions({ item }: { item: OutlineItem }) {
  const acts = useActs()
  const { types, view, store } = useEditorContext()
  const ports = portsOf(item.node, types)
  const choose = () => store.getState().choose([item.id])
  return (
    <Menu position="right-start" withinPortal>
      <Menu.Target>
        <button
          type="button"
          tabIndex={-1}
          className={classes.rowMenu}
          aria-label={`Actions of ${item.node.name ?? item.id}`}
        >
          <EllipsisVertical size={14} aria-hidden />
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => acts.open(item.id)}>Open</Menu.Item>
        <Menu.Item
          disabled={!ports[0]}
          onClick={() => acts.palette({ after: { id: item.id, port: ports[0] ?? 'main' } })}
        >
          Add a node after it
        </Menu.Item>
        <Menu.Item disabled={!ports[0]} onClick={() => view.setState({ popup: { kind: 'connect', from: item.id } })}>
          Connect it
        </Menu.Item>
        {item.from.map((edge) => (
          <Menu.Item key={`${edge.from}${edge.port}`} onClick={() => acts.cut(edge.from, edge.port ?? 'main', edge.to)}>
            Disconnect from {acts.nameOf(edge.from)}
          </Menu.Item>
        ))}
        <Menu.Item
          onClick={() => {
            choose()
            acts.duplicate()
          }}
        >
          Duplicate
        </Menu.Item>
        <Menu.Item onClick={() => view.setState({ popup: { kind: 'test', upTo: item.id, only: null } })}>
          Test up to here
        </Menu.Item>
        <Menu.Item color="red" onClick={() => acts.remove([item.id])}>
          Delete
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
