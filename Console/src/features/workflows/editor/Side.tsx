import { SegmentedControl, TextInput } from '@mantine/core'
import { Search } from 'lucide-react'
import { useState } from 'react'
import { ScrollRegion } from '../../../ui/ScrollRegion'
import { useActs } from './acts'
import { DRAGGED } from './canvas/dragged'
import { useEditor, useEditorContext } from './context'
import { classes } from './classes'
import { nodesOf } from './model/definition'
import { ERROR, portsOf } from './model/nodeTypes'
import { Outline } from './Outline'
import { findTypes, TypeLine } from './TypeLine'
import { CATEGORY_NAMES, text } from './text'

/** Node types to drag to the canvas; a press adds one after the chosen node. */
function Types() {
  const { types, store } = useEditorContext()
  const acts = useActs()
  const [query, setQuery] = useState('')
  const found = findTypes(types.values(), query.trim().toLowerCase())
  const add = (name: string) => {
    const id = acts.single()
    const node = id === null ? undefined : nodesOf(store.getState().definition).get(id)?.node
    const port = node ? portsOf(node, types).find((one) => one !== ERROR) : undefined
    acts.add(name, { after: id !== null && port ? { id, port } : null, into: null, parent: null, at: null })
  }
  return (
    <>
      <div className={classes.sideSearch}>
        <TextInput
          size="xs"
          aria-label={text.searchTypes}
          placeholder={text.searchTypes}
          leftSection={<Search size={13} aria-hidden />}
          value={query}
          onChange={(event) => setQuery(event.currentTarget.value)}
        />
      </div>
      <ScrollRegion className={classes.outline} label="Node types">
        {found.map((type, index) => (
          <div key={type.name}>
            {!query && type.category !== found[index - 1]?.category && (
              <div className={classes.pickGroup}>{CATEGORY_NAMES[type.category] ?? type.category}</div>
            )}
            <button
              type="button"
              draggable
              className={classes.typeButton}
              onDragStart={(event) => {
                event.dataTransfer.setData(DRAGGED, type.name)
                event.dataTransfer.effectAllowed = 'copy'
              }}
              onClick={() => add(type.name)}
            >
              <TypeLine type={type} />
            </button>
          </div>
        ))}
        {found.length === 0 && <p className={classes.hint}>{text.noType}</p>}
      </ScrollRegion>
    </>
  )
}

export function Side() {
  const { mayEdit } = useEditorContext()
  const [tab, setTab] = useState('outline')
  const count = useEditor((state) => nodesOf(state.definition).size)
  return (
    <aside className={classes.side} aria-label="Outline and node types">
      <div className={classes.sideHead}>
        <SegmentedControl
          fullWidth
          aria-label="What is listed"
          data={[
            { value: 'outline', label: `${text.outline} (${count.toLocaleString('en')})` },
            { value: 'types', label: 'Add nodes', disabled: !mayEdit },
          ]}
          value={tab}
          onChange={setTab}
        />
      </div>
      {tab === 'outline' ? <Outline /> : <Types />}
    </aside>
  )
}
