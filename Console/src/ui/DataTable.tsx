import { Button, Checkbox } from '@mantine/core'
import { useElementSize } from '@mantine/hooks'
import { useVirtualizer } from '@tanstack/react-virtual'
import { type MouseEvent, type ReactNode, useEffect, useLayoutEffect, useRef, useState } from 'react'
import type { List } from '../api/queries'
import { Go, useGo } from '../app/links'
import { useKeys } from '../app/keys'
import { shownOf, useHiddenColumns } from './columns'
import { Waiting } from './EmptyState'
import classes from './DataTable.module.css'
import { ErrorBox } from './ErrorBox'

export interface Column<T> {
  key: string
  title: string
  render: (row: T) => ReactNode
  /** As in grid-template-columns; `1fr` unless given. */
  width?: string
  /** Shown only when the table is at least this wide, in pixels. */
  from?: number
  align?: 'end'
}

interface Props<T> {
  label: string
  /** By which the choice of columns is remembered; without it all of them are shown. */
  name?: string
  list: Pick<List<T>, 'items' | 'isLoading' | 'error'> & Partial<List<T>>
  columns: Column<T>[]
  rowKey: (row: T) => string
  href?: (row: T) => string
  onOpen?: (row: T) => void
  empty: ReactNode
  selected?: ReadonlySet<string>
  onSelect?: (keys: Set<string>) => void
  actions?: (row: T) => ReactNode
  /** Each row is a grid of its own: a width of its own would move the columns. */
  actionsWidth?: string
}

const ROW = 40
const VIRTUAL_FROM = 60
const SELECT_FROM = 620
const scroller = () => document.getElementById('main')

/** How far below the top of the scrolled page the rows begin. */
function useMargin(body: React.RefObject<HTMLDivElement | null>, dependency: unknown) {
  const [margin, setMargin] = useState(0)
  useLayoutEffect(() => {
    const main = scroller()
    if (!main || !body.current) return
    setMargin(body.current.getBoundingClientRect().top - main.getBoundingClientRect().top + main.scrollTop)
  }, [body, dependency])
  return margin
}

function useRowKeys(table: React.RefObject<HTMLDivElement | null>, count: number) {
  const move = (by: number) => {
    const links = [...(table.current?.querySelectorAll<HTMLElement>('[data-row-link]') ?? [])]
    const at = links.findIndex((link) => link.closest('[role=row]')?.contains(document.activeElement))
    const next = links[Math.min(links.length - 1, Math.max(0, at + by))]
    next?.focus()
    next?.scrollIntoView({ block: 'nearest' })
  }
  useKeys(count > 0 ? { j: () => move(1), k: () => move(-1) } : {})
}

export function DataTable<T>(props: Props<T>) {
  const { label, list, columns, rowKey, selected, onSelect, empty, actions } = props
  const hidden = useHiddenColumns(props.name)
  const { items } = list
  const { ref, width } = useElementSize()
  const table = useRef<HTMLDivElement>(null)
  const body = useRef<HTMLDivElement>(null)
  const margin = useMargin(body, list.isLoading)
  const isVirtual = items.length > VIRTUAL_FROM
  const virtual = useVirtualizer({
    count: items.length,
    getScrollElement: scroller,
    estimateSize: () => ROW,
    overscan: 12,
    scrollMargin: margin,
    enabled: isVirtual,
  })
  useRowKeys(table, items.length)
  const rows = virtual.getVirtualItems()
  const lastShown = isVirtual ? (rows.at(-1)?.index ?? 0) : items.length
  const { loadMore, hasMore } = list
  useEffect(() => {
    if (hasMore && isVirtual && lastShown >= items.length - 10) loadMore?.()
  }, [hasMore, isVirtual, lastShown, items.length, loadMore])

  if (list.error && items.length === 0) return <ErrorBox error={list.error} retry={list.reload} />
  if (list.isLoading) return <Waiting rows={8} />
  if (items.length === 0) return <>{empty}</>
  const wanted = shownOf(columns, hidden)
  const shown = wanted.filter((column) => !column.from || width === 0 || width >= column.from)
  const canSelect = onSelect && (width === 0 || width >= SELECT_FROM) ? onSelect : undefined
  const template = [
    canSelect ? '34px' : '',
    ...shown.map((column) => column.width ?? 'minmax(0, 1fr)'),
    actions ? (props.actionsWidth ?? '100px') : '',
  ].join(' ')
  const row = (item: T, index: number, top?: number) => (
    <Row
      key={rowKey(item)}
      {...props}
      onSelect={canSelect}
      item={item}
      index={index}
      top={top}
      shown={shown}
      template={template}
    />
  )
  const all = items.map(rowKey)
  const picked = selected ? all.filter((key) => selected.has(key)).length : 0
  return (
    <div ref={ref} className={classes.frame}>
      {list.error && <ErrorBox error={list.error} retry={list.reload} />}
      <div ref={table} role="table" aria-label={label} aria-rowcount={items.length} className={classes.table}>
        <div role="rowgroup" className={classes.headGroup}>
          <div role="row" className={classes.head} style={{ gridTemplateColumns: template }}>
            {canSelect && (
              <span role="columnheader" className={classes.check}>
                <Checkbox
                  size="xs"
                  aria-label="Select all that are shown"
                  checked={picked === items.length}
                  indeterminate={picked > 0 && picked < items.length}
                  onChange={() => canSelect(picked === items.length ? new Set() : new Set(all))}
                />
              </span>
            )}
            {shown.map((column) => (
              <span key={column.key} role="columnheader" className={classes.headCell} data-align={column.align}>
                {column.title}
              </span>
            ))}
            {actions && (
              <span role="columnheader">
                <span className="visually-hidden">Actions</span>
              </span>
            )}
          </div>
        </div>
        <div
          ref={body}
          role="rowgroup"
          className={classes.rows}
          style={isVirtual ? { height: virtual.getTotalSize(), position: 'relative' } : undefined}
        >
          {isVirtual
            ? rows.map(({ index, start }) => row(items[index] as T, index, start - margin))
            : items.map((item, index) => row(item, index))}
        </div>
      </div>
      <Foot list={list} count={items.length} />
    </div>
  )
}

interface RowProps<T> extends Props<T> {
  item: T
  index: number
  top?: number
  shown: Column<T>[]
  template: string
}

const isControl = (target: EventTarget) =>
  target instanceof Element && target.closest('a, button, input, label, [role=menuitem]') !== null

function Row<T>({ item, index, top, shown, template, rowKey, href, onOpen, selected, onSelect, actions }: RowProps<T>) {
  const go = useGo()
  const key = rowKey(item)
  const target = href?.(item)
  const open = (event: MouseEvent) => {
    if (isControl(event.target) || window.getSelection()?.toString()) return
    if (onOpen) onOpen(item)
    else if (target) go(target)
  }
  const toggle = () => {
    const next = new Set(selected)
    if (!next.delete(key)) next.add(key)
    onSelect?.(next)
  }
  const first = (content: ReactNode) => {
    if (target)
      return (
        <Go href={target} data-row-link className={classes.link}>
          {content}
        </Go>
      )
    if (!onOpen) return content
    return (
      <button type="button" data-row-link className={classes.link} onClick={() => onOpen(item)}>
        {content}
      </button>
    )
  }
  return (
    <div
      role="row"
      tabIndex={-1}
      aria-rowindex={index + 1}
      className={classes.row}
      data-open={Boolean(target ?? onOpen) || undefined}
      data-selected={selected?.has(key) || undefined}
      style={{
        gridTemplateColumns: template,
        ...(top === undefined ? {} : { position: 'absolute', insetInline: 0, top }),
      }}
      onClick={open}
      onKeyDown={(event) => {
        if (event.key === 'x' && onSelect && !event.ctrlKey && !event.metaKey) toggle()
      }}
    >
      {onSelect && (
        <span role="cell" className={classes.check}>
          <Checkbox size="xs" aria-label={`Select row ${index + 1}`} checked={selected?.has(key)} onChange={toggle} />
        </span>
      )}
      {shown.map((column, at) => (
        <span key={column.key} role="cell" className={classes.cell} data-align={column.align}>
          {at === 0 ? first(column.render(item)) : column.render(item)}
        </span>
      ))}
      {actions && (
        <span role="cell" className={classes.acts}>
          {actions(item)}
        </span>
      )}
    </div>
  )
}

function Foot<T>({ list, count }: { list: Partial<List<T>>; count: number }) {
  if (!list.hasMore && !list.isFull) return null
  return (
    <div className={classes.foot}>
      <span>
        {count.toLocaleString('en')} shown
        {list.total !== null && list.total !== undefined && ` of ${list.total.toLocaleString('en')}`}
        {list.totalIsCapped && '+'}
        {list.isFull && '. No more are loaded: narrow the filter to see others.'}
      </span>
      {list.hasMore && (
        <Button variant="subtle" size="compact-xs" loading={list.isLoadingMore} onClick={list.loadMore}>
          Load more
        </Button>
      )}
    </div>
  )
}
