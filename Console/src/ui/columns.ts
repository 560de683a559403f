import { useSyncExternalStore } from 'react'

const KEY = 'workflows.columns'
const NONE: readonly string[] = []

type Hidden = Record<string, readonly string[]>

/** What was kept, as far as it has the form that it is kept in: other tabs and older releases write there, too. */
export function readHidden(text: string | null): Hidden {
  try {
    const kept: unknown = JSON.parse(text ?? '{}')
    if (typeof kept !== 'object' || kept === null) return {}
    return Object.fromEntries(
      Object.entries(kept)
        .filter((entry): entry is [string, unknown[]] => Array.isArray(entry[1]))
        .map(([list, keys]) => [list, keys.filter((key): key is string => typeof key === 'string')]),
    )
  } catch (error) {
    if (error instanceof SyntaxError) return {}
    throw error
  }
}

/** The columns that are shown: the first one always is, since it leads to the row. */
export const shownOf = <T extends { key: string }>(columns: readonly T[], hidden: readonly string[]): T[] =>
  columns.filter((column, at) => at === 0 || !hidden.includes(column.key))

let hidden: Hidden = readHidden(localStorage.getItem(KEY))
const watchers = new Set<() => void>()

function keep(next: Hidden) {
  hidden = next
  localStorage.setItem(KEY, JSON.stringify(next))
  watchers.forEach((watcher) => watcher())
}

export const hiddenColumns = (list: string): readonly string[] => hidden[list] ?? NONE

/** Remembers in this browser which columns of a list are not shown. */
export function hideColumns(list: string, keys: readonly string[]) {
  const { [list]: _, ...rest } = hidden
  keep(keys.length === 0 ? rest : { ...rest, [list]: [...keys] })
}

window.addEventListener('storage', (event) => {
  if (event.key !== KEY) return
  hidden = readHidden(event.newValue)
  watchers.forEach((watcher) => watcher())
})

function watch(watcher: () => void) {
  watchers.add(watcher)
  return () => watchers.delete(watcher)
}

export const useHiddenColumns = (list: string | undefined) =>
  useSyncExternalStore(watch, () => (list === undefined ? NONE : hiddenColumns(list)))
