import { applyPatches, enablePatches, freeze, type Patch, produceWithPatches } from 'immer'
import { createStore } from 'zustand/vanilla'
import { type Definition, nodesOf } from './definition'

enablePatches()

/** As many gestures can be undone. */
export const UNDO_DEPTH = 500

interface Entry {
  label: string
  /** Changes of one key after each other are one gesture: the typing in one field, the holding of an arrow key. */
  key: string | null
  forward: Patch[]
  backward: Patch[]
  chosenBefore: string[]
  chosenAfter: string[]
}

export interface EditorState {
  definition: Definition
  past: Entry[]
  future: Entry[]
  /** Ids of the chosen nodes; the last one is that of the panel. */
  chosen: string[]
  edge: string | null
  change: (label: string, recipe: (draft: Definition) => string[] | void, key?: string) => void
  /** Puts another definition in its place, as the JSON tab does. */
  replace: (label: string, definition: Definition, key?: string) => void
  /** The next change is a gesture of its own. */
  endGesture: () => void
  undo: () => void
  redo: () => void
  choose: (ids: string[]) => void
  chooseEdge: (id: string | null) => void
  /** Begins anew with another definition, as after a merge that cannot be undone. */
  reset: (definition: Definition) => void
}

const present = (definition: Definition, ids: readonly string[]) => {
  const nodes = nodesOf(definition)
  return ids.filter((id) => nodes.has(id))
}

function joined(last: Entry | undefined, entry: Entry): Entry | null {
  if (!last || entry.key === null || last.key !== entry.key) return null
  return {
    ...last,
    forward: [...last.forward, ...entry.forward],
    backward: [...entry.backward, ...last.backward],
    chosenAfter: entry.chosenAfter,
  }
}

function remember(past: Entry[], entry: Entry): Entry[] {
  const last = joined(past.at(-1), entry)
  return last ? [...past.slice(0, -1), last] : [...past, entry].slice(-UNDO_DEPTH)
}

export function createEditor(start: Definition) {
  return createStore<EditorState>()((set, get) => ({
    definition: freeze(start, true),
    past: [],
    future: [],
    chosen: [],
    edge: null,
    change: (label, recipe, key) => {
      const { definition, chosen } = get()
      let wanted: string[] | undefined
      const [next, forward, backward] = produceWithPatches(definition, (draft) => {
        const answer = recipe(draft as Definition)
        wanted = answer ?? undefined
      })
      if (forward.length === 0) return
      const chosenAfter = present(next, wanted ?? chosen)
      const entry = { label, key: key ?? null, forward, backward, chosenBefore: chosen, chosenAfter }
      const edge = wanted ? null : get().edge
      set({ definition: next, past: remember(get().past, entry), future: [], chosen: chosenAfter, edge })
    },
    replace: (label, definition, key) => {
      const before = get()
      const next = freeze(definition, true)
      const put = (value: Definition): Patch[] => [{ op: 'replace', path: [], value }]
      const chosenAfter = present(next, before.chosen)
      const entry = {
        label,
        key: key ?? null,
        forward: put(next),
        backward: put(before.definition),
        chosenBefore: before.chosen,
        chosenAfter,
      }
      set({ definition: next, past: remember(before.past, entry), future: [], chosen: chosenAfter, edge: null })
    },
    endGesture: () => {
      const { past } = get()
      const last = past.at(-1)
      if (last?.key) set({ past: [...past.slice(0, -1), { ...last, key: null }] })
    },
    undo: () => {
      const { definition, past, future } = get()
      const entry = past.at(-1)
      if (!entry) return
      const next = applyPatches(definition, entry.backward) as Definition
      const chosen = present(next, entry.chosenBefore)
      set({
        definition: next,
        past: past.slice(0, -1),
        future: [...future, { ...entry, key: null }],
        chosen,
        edge: null,
      })
    },
    redo: () => {
      const { definition, past, future } = get()
      const entry = future.at(-1)
      if (!entry) return
      const next = applyPatches(definition, entry.forward) as Definition
      const chosen = present(next, entry.chosenAfter)
      set({ definition: next, past: [...past, entry], future: future.slice(0, -1), chosen, edge: null })
    },
    choose: (ids) => {
      const { chosen, edge } = get()
      if (edge === null && chosen.length === ids.length && chosen.every((id, at) => id === ids[at])) return
      get().endGesture()
      set({ chosen: present(get().definition, ids), edge: null })
    },
    chooseEdge: (edge) => {
      if (get().edge !== edge) set({ edge, ...(edge === null ? {} : { chosen: [] }) })
    },
    reset: (definition) =>
      set({
        definition: freeze(definition, true),
        past: [],
        future: [],
        chosen: present(definition, get().chosen),
        edge: null,
      }),
  }))
}

export type EditorStore = ReturnType<typeof createEditor>
