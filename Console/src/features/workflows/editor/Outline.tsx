import { TextInput } from '@mantine/core'
import { useVirtualizer } from '@tanstack/react-virtual'
import { ChevronDown, ChevronRight, Pin, TriangleAlert } from 'lucide-react'
import { type KeyboardEvent, lazy, Suspense, useEffect, useMemo, useRef, useState } from 'react'
import { NodeIcon } from '../../../ui/graph/NodeIcon'
import { safeText } from '../../../ui/safe'
import { statusLook } from '../../../ui/StatusText'
import { useActs } from './acts'
import { useEditor, useEditorContext, useView } from './context'
import { classes } from './classes'
import { collectNodes, nodesOf } from './model/definition'
import { type OutlineItem, outlineOf } from './model/outline'
import { problemsByNode } from './model/problems'
import { text } from './text'

const OutlineActions = lazy(async () => ({ default: (await import('./OutlineActions')).OutlineActions }))
const ROW = 32

function Rename({ item, done }: { item: OutlineItem; done: () => void }) {
  const acts = useActs()
  const [name, setName] = useState(item.node.name ?? '')
  const keep = () => {
    acts.change('Rename', (draft) => {
      const node = collectNodes(draft).get(item.id)?.node
      if (!node) return
      if (name.trim()) node.name = name.trim()
      else delete node.name
    })
    done()
  }
  return (
    <TextInput
      size="xs"
      flex={1}
      autoFocus
      aria-label={`Name of ${item.id}`}
      placeholder={item.id}
      value={name}
      maxLength={200}
      onChange={(event) => setName(event.currentTarget.value)}
      onBlur={done}
      onKeyDown={(event) => {
        event.stopPropagation()
        if (event.key === 'Enter') keep()
        if (event.key === 'Escape') done()
      }}
    />
  )
}

function Row({
  item,
  isChosen,
  count,
  renaming,
  setRenaming,
}: {
  item: OutlineItem
  isChosen: boolean
  count: number
  renaming: boolean
  setRenaming: (id: string | null) => void
}) {
  const { mayEdit } = useEditorContext()
  const acts = useActs()
  const mark = useView((state) => state.marks[item.id])
  const isPinned = useView((state) => state.pins !== null && Object.hasOwn(state.pins, item.id))
  const isFolded = useView((state) => state.collapsed.has(item.id))
  const look = mark ? statusLook(mark.status) : null
  const Status = look?.icon
  const Chevron = isFolded ? ChevronRight : ChevronDown
  return (
    <>
      {item.node.body ? (
        <button
          type="button"
          tabIndex={-1}
          className={classes.rowFold}
          aria-label={isFolded ? text.unfold : text.fold}
          onClick={() => acts.fold(item.id)}
        >
          <Chevron size={13} aria-hidden />
        </button>
      ) : (
        <span className={classes.rowFold} />
      )}
      <NodeIcon type={item.node.type} size={14} className={classes.rowIcon} />
      {renaming ? (
        <Rename item={item} done={() => setRenaming(null)} />
      ) : (
        <span className={classes.rowName}>{safeText(item.node.name ?? item.id).slice(0, 120)}</span>
      )}
      {isPinned && <Pin size={12} aria-label="pinned" />}
      {count > 0 && (
        <span className={classes.rowBad}>
          <TriangleAlert size={12} aria-hidden /> {count}
          <span className="visually-hidden"> problems</span>
        </span>
      )}
      {look && Status && (
        <span data-tone={look.tone} className={classes.rowStatus}>
          <Status size={13} aria-label={look.word} />
        </span>
      )}
      {mayEdit && isChosen && !renaming && (
        <Suspense fallback={null}>
          <OutlineActions item={item} />
        </Suspense>
      )}
    </>
  )
}

/** The workflow as a list in the order of execution: all that the canvas can do, without a mouse. */
export function Outline() {
  const { store, mayEdit } = useEditorContext()
  const acts = useActs()
  const definition = useEditor((state) => state.definition)
  const chosen = useEditor((state) => state.chosen)
  const problems = useView((state) => state.problems)
  const collapsed = useView((state) => state.collapsed)
  const [renaming, setRenaming] = useState<string | null>(null)
  const scroll = useRef<HTMLDivElement>(null)
  const counts = useMemo(() => problemsByNode(problems, definition), [problems, definition])
  const items = useMemo(() => {
    const nodes = nodesOf(definition)
    const isHidden = (parent: string | null): boolean =>
      parent !== null && (collapsed.has(parent) || isHidden(nodes.get(parent)?.parent ?? null))
    return outlineOf(definition).filter((item) => !isHidden(item.parent))
  }, [definition, collapsed])
  const virtual = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => ROW,
    overscan: 12,
  })
  const current = chosen.at(-1) ?? null
  const at = items.findIndex((item) => item.id === current)
  useEffect(() => {
    if (at >= 0) virtual.scrollToIndex(at)
  }, [at, virtual])
  const press = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const item = items[at]
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key]
    if (to !== undefined && items[to]) store.getState().choose([items[to].id])
    else if ((event.key === 'ArrowRight' || event.key === 'ArrowLeft') && item?.node.body) acts.fold(item.id)
    else if (event.key === 'Enter' && item) acts.open(item.id)
    else if (event.key === 'F2' && item && mayEdit) setRenaming(item.id)
    else return
    event.preventDefault()
    event.stopPropagation()
  }
  return (
    <div ref={scroll} className={classes.outline}>
      <div
        role="tree"
        aria-label={text.outline}
        aria-activedescendant={at >= 0 ? `outline-${current}` : undefined}
        tabIndex={0}
        className={classes.tree}
        style={{ height: virtual.getTotalSize() }}
        onKeyDown={press}
      >
        {virtual.getVirtualItems().map(({ index, start }) => {
          const item = items[index]
          if (!item) return null
          const isChosen = chosen.includes(item.id)
          return (
            <div
              key={item.id}
              id={`outline-${item.id}`}
              role="treeitem"
              tabIndex={-1}
              aria-level={item.level}
              aria-selected={isChosen}
              aria-expanded={item.node.body ? !collapsed.has(item.id) : undefined}
              className={classes.row}
              style={{ top: start, paddingInlineStart: 4 + (item.level - 1) * 16 }}
              onClick={(event) => {
                if (event.ctrlKey || event.metaKey)
                  store.getState().choose(isChosen ? chosen.filter((id) => id !== item.id) : [...chosen, item.id])
                else if (!isChosen || chosen.length > 1) acts.open(item.id)
              }}
              onDoubleClick={() => mayEdit && setRenaming(item.id)}
              onKeyDown={press}
            >
              <Row
                item={item}
                isChosen={item.id === current}
                count={counts[item.id] ?? 0}
                renaming={renaming === item.id}
                setRenaming={setRenaming}
              />
            </div>
          )
        })}
      </div>
      {items.length === 0 && <p className={classes.hint}>No node yet.</p>}
    </div>
  )
}
