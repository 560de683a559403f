import { ActionIcon, Button, Tooltip } from '@mantine/core'
import { Maximize, Plus, Redo2, Search, Sparkles, Undo2, ZoomIn, ZoomOut } from 'lucide-react'
import type { ReactNode } from 'react'
import { useActs } from '../acts'
import { useEditor, useEditorContext } from '../context'
import { text } from '../text'
import { classes } from './classes'

function Tool({
  label,
  keys,
  run,
  isOff,
  children,
}: {
  label: string
  keys: string
  run: () => void
  isOff?: boolean
  children: ReactNode
}) {
  return (
    <Tooltip
      label={
        <>
          {label} <kbd>{keys}</kbd>
        </>
      }
    >
      <ActionIcon
        aria-label={label}
        size={32}
        aria-disabled={isOff || undefined}
        data-disabled={isOff || undefined}
        onClick={isOff ? undefined : run}
      >
        {children}
      </ActionIcon>
    </Tooltip>
  )
}

/** What can be done to the whole graph, at the foot of the canvas. */
export function CanvasTools() {
  const { store, view, canvas, mayEdit } = useEditorContext()
  const acts = useActs()
  const last = useEditor((state) => state.past.at(-1)?.label)
  const next = useEditor((state) => state.future.at(-1)?.label)
  const isEmpty = useEditor((state) => (state.definition.nodes?.length ?? 0) === 0)
  return (
    <>
      {isEmpty && (
        <div className={classes.empty}>
          <p>{text.emptyCanvas}</p>
          {mayEdit && (
            <Button size="sm" leftSection={<Plus size={15} aria-hidden />} onClick={() => acts.palette()}>
              {text.firstNode}
            </Button>
          )}
        </div>
      )}
      <div className={classes.tools} role="toolbar" aria-label={text.tools}>
        {mayEdit && (
          <Tool label={text.addNode} keys="Tab" run={() => acts.palette()}>
            <Plus size={17} aria-hidden />
          </Tool>
        )}
        <Tool
          label={last ? `${text.undo}: ${last}` : text.undo}
          keys="Ctrl+Z"
          isOff={!last}
          run={() => store.getState().undo()}
        >
          <Undo2 size={16} aria-hidden />
        </Tool>
        <Tool
          label={next ? `${text.redo}: ${next}` : text.redo}
          keys="Ctrl+Shift+Z"
          isOff={!next}
          run={() => store.getState().redo()}
        >
          <Redo2 size={16} aria-hidden />
        </Tool>
        <Tool label={text.tidy} keys="Shift+L" isOff={!mayEdit} run={() => void acts.tidy()}>
          <Sparkles size={16} aria-hidden />
        </Tool>
        <Tool label={text.find} keys="Ctrl+F" run={() => view.setState({ popup: { kind: 'find' } })}>
          <Search size={16} aria-hidden />
        </Tool>
        <Tool label={text.zoomOut} keys="-" run={() => canvas.current?.zoom(1 / 1.25)}>
          <ZoomOut size={16} aria-hidden />
        </Tool>
        <Tool label={text.zoomIn} keys="+" run={() => canvas.current?.zoom(1.25)}>
          <ZoomIn size={16} aria-hidden />
        </Tool>
        <Tool label={text.fit} keys="1" run={() => canvas.current?.fit()}>
          <Maximize size={16} aria-hidden />
        </Tool>
      </div>
    </>
  )
}
