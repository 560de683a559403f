import { Modal, TextInput } from '@mantine/core'
import { Search } from 'lucide-react'
import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from 'react'
import { classes } from './classes'

export interface PickItem {
  key: string
  group?: string
  content: ReactNode
}

interface Props {
  title: string
  label: string
  items: (query: string) => PickItem[]
  empty: string
  pick: (key: string) => void
  close: () => void
  children?: ReactNode
}

const MOST = 200

/** A list that is searched by typing and chosen from by arrows and Enter. */
export function Picker({ title, label, items, empty, pick, close, children }: Props) {
  const [query, setQuery] = useState('')
  const [at, setAt] = useState(0)
  const list = useRef<HTMLDivElement>(null)
  const id = useId()
  const found = items(query.trim().toLowerCase()).slice(0, MOST)
  const here = Math.min(at, Math.max(0, found.length - 1))
  useEffect(() => {
    list.current?.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' })
  }, [here, query])
  const press = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key]
    if (step) setAt(Math.max(0, Math.min(found.length - 1, here + step)))
    else if (event.key === 'Enter' && found[here]) pick(found[here].key)
    else return
    event.preventDefault()
  }
  return (
    <Modal
      opened
      onClose={close}
      title={title}
      size={520}
      padding="md"
      yOffset="10vh"
      transitionProps={{ duration: 90 }}
    >
      {children}
      <TextInput
        data-autofocus
        aria-label={label}
        placeholder={label}
        leftSection={<Search size={15} aria-hidden />}
        role="combobox"
        aria-expanded
        aria-controls={`${id}-list`}
        aria-activedescendant={found[here] ? `${id}-${here}` : undefined}
        value={query}
        onChange={(event) => {
          setQuery(event.currentTarget.value)
          setAt(0)
        }}
        onKeyDown={press}
        onBlur={(event) => {
          // What closed a moment ago gives the focus back to the canvas; while this is open, typing is meant for it.
          const [field, next] = [event.currentTarget, event.relatedTarget]
          if (next && !field.closest('[role=dialog]')?.contains(next)) field.focus()
        }}
      />
      <div ref={list} id={`${id}-list`} role="listbox" aria-label={label} className={classes.picks}>
        {found.length === 0 && <p className={classes.hint}>{empty}</p>}
        {found.map((item, index) => (
          <div key={item.key}>
            {item.group && item.group !== found[index - 1]?.group && (
              <div className={classes.pickGroup} role="presentation">
                {item.group}
              </div>
            )}
            {/* The keys are those of the field above, which keeps the focus. */}
            <div
              id={`${id}-${index}`}
              role="option"
              tabIndex={-1}
              aria-selected={index === here}
              className={classes.pick}
              onMouseMove={() => index !== here && setAt(index)}
              onClick={() => pick(item.key)}
              onKeyDown={press}
            >
              {item.content}
            </div>
          </div>
        ))}
      </div>
    </Modal>
  )
}
