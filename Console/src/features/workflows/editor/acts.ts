import { useMemo } from 'react'
import { tellError } from '../../../ui/notify'
import { toApiError } from '../../../api/errors'
import { type CanvasHandle, type EditorContextValue, type Popup, useEditorContext, type ViewState } from './context'
import { clipText, readClip } from './model/clipboard'
import {
  collectNodes,
  type Definition,
  type EdgeDef,
  graphOf,
  MAIN,
  nodesOf,
  portOf,
  type XY,
} from './model/definition'
import { ERROR, portsOf } from './model/nodeTypes'
import {
  addNode,
  type Clip,
  clipOf,
  connect,
  disconnect,
  insertInto,
  move,
  paste,
  removeNodes,
  whyNotConnected,
} from './model/operations'
import { neighbour } from './model/outline'
import { layoutTask, placesOf } from './model/places'
import { GROUP_HEAD, GROUP_PAD, NODE_WIDTH, type Place } from './model/sizes'
import type { EditorState } from './model/store'
import { askArrange } from './arranging'

const GAP_X = 84
const COPY_OFFSET = 40

type Targets = Pick<Extract<Popup, { kind: 'palette' }>, 'after' | 'into' | 'parent' | 'at'>

/** All that can be done to a workflow, one for mouse, keyboard, outline and menus. */
export function createActs({ store, view, types, canvas, mayEdit }: EditorContextValue) {
  const definition = () => store.getState().definition
  const patch = (next: Partial<ViewState>) => view.setState(next)
  const say = (said: string) => patch({ said })
  const nameOf = (id: string) => nodesOf(definition()).get(id)?.node.name ?? id
  const places = (): Record<string, Place> => {
    const { laidOut, collapsed } = view.getState()
    return placesOf(definition(), types, laidOut, collapsed)
  }
  const chosen = () => store.getState().chosen
  const single = () => chosen().at(-1) ?? null
  const change: EditorState['change'] = (label, recipe, key) => {
    if (mayEdit) store.getState().change(label, recipe, key)
  }

  /** Where nodes of a graph are drawn becomes what they say: from then on none of them moves by itself. */
  const settle = (draft: Definition, parents: readonly (string | null)[]) => {
    const now = places()
    for (const parent of new Set(parents)) {
      for (const node of graphOf(draft, parent)?.nodes ?? []) {
        const place = now[node.id]
        if (place && !node.position) node.position = { x: Math.round(place.x), y: Math.round(place.y) }
      }
    }
  }

  const parentOf = (id: string) => nodesOf(definition()).get(id)?.parent ?? null

  const free = (wanted: XY, parent: string | null): XY => {
    const now = places()
    const others = (graphOf(definition(), parent)?.nodes ?? []).flatMap((node) => now[node.id] ?? [])
    let { y } = wanted
    const hits = () =>
      others.find(
        (one) =>
          wanted.x < one.x + one.width + 20 &&
          wanted.x + NODE_WIDTH + 20 > one.x &&
          y < one.y + one.height + 20 &&
          y + 76 > one.y,
      )
    for (let hit = hits(); hit; hit = hits()) y = hit.y + hit.height + 28
    return { x: wanted.x, y }
  }

  const placeFor = ({ after, into, at, parent }: Targets): XY => {
    const now = places()
    const source = now[into?.from ?? after?.id ?? '']
    if (into && source) {
      const target = now[into.to]
      return { x: source.x + source.width + GAP_X, y: target ? Math.min(source.y, target.y) : source.y }
    }
    if (source && !at) return free({ x: source.x + source.width + GAP_X, y: source.y }, parent)
    if (at) return at
    if (parent !== null) return free({ x: GROUP_PAD, y: GROUP_HEAD }, parent)
    const centre = canvas.current?.centre() ?? { x: 0, y: 0 }
    return free({ x: centre.x - NODE_WIDTH / 2, y: centre.y - 28 }, parent)
  }

  /** Makes room for a node that goes into an edge. */
  const makeRoom = (draft: Definition, into: EdgeDef, at: XY, parent: string | null) => {
    const now = places()
    const target = now[into.to]
    const missing = target ? at.x + NODE_WIDTH + GAP_X - target.x : 0
    if (!target || missing <= 0) return
    for (const node of graphOf(draft, parent)?.nodes ?? []) {
      const place = now[node.id]
      if (place && place.x >= target.x - 4)
        node.position = { ...node.position, x: Math.round(place.x + missing), y: Math.round(place.y) }
    }
  }

  const add = (typeName: string, targets: Targets, parameters?: Record<string, unknown>) => {
    const type = types.get(typeName)
    const parent = targets.into
      ? parentOf(targets.into.from)
      : targets.after
        ? parentOf(targets.after.id)
        : targets.parent
    const at = placeFor({ ...targets, parent })
    let added = ''
    change(`Add ${typeName}`, (draft) => {
      settle(draft, [parent])
      if (targets.into) makeRoom(draft, targets.into, at, parent)
      const id = addNode(draft, { type: typeName, parent, position: at, parameters, hasBody: type?.body })
      const node = collectNodes(draft).get(id)?.node
      const exit = node ? (portsOf(node, types).find((port) => port !== ERROR) ?? null) : null
      if (targets.into) insertInto(draft, targets.into, id, exit)
      else if (targets.after) connect(draft, targets.after.id, targets.after.port, id)
      added = id
      return [id]
    })
    if (!added) return
    patch({ tab: 'parameters', isPanelOpen: true, popup: null })
    say(`${typeName} was added as ${added}.`)
    setTimeout(() => {
      canvas.current?.show([added])
      canvas.current?.focus(added)
    })
  }

  const join = (from: string, port: string, to: string): string | null => {
    const why = whyNotConnected(definition(), from, port, to)
    if (why) {
      say(why)
      return why
    }
    change('Connect', (draft) => connect(draft, from, port, to))
    say(`${nameOf(from)} leads to ${nameOf(to)} by ${port}.`)
    return null
  }

  const cut = (from: string, port: string, to: string) =>
    change('Disconnect', (draft) => disconnect(draft, from, port, to))

  const remove = (ids: readonly string[] = chosen()) => {
    const { edge } = store.getState()
    if (ids.length === 0 && edge !== null) {
      const hit = edgesOf(definition()).find(({ id }) => id === edge)
      if (hit) cut(hit.edge.from, portOf(hit.edge), hit.edge.to)
      store.getState().chooseEdge(null)
      return
    }
    if (ids.length === 0) return
    const next = ids.length === 1 ? neighbour(definition(), ids[0] ?? '', 'before') : null
    change(ids.length === 1 ? 'Delete a node' : `Delete ${ids.length} nodes`, (draft) => {
      removeNodes(draft, ids)
      return next ? [next] : []
    })
    say(`${ids.length} deleted.`)
  }

  const put = (clip: Clip, at: XY | null) => {
    const target = single()
    const parent = target && nodesOf(definition()).get(target)?.node.body && !at ? target : null
    const where =
      at ??
      (parent ? free({ x: GROUP_PAD, y: GROUP_HEAD }, parent) : free(canvas.current?.centre() ?? { x: 0, y: 0 }, null))
    const count = clip.nodes.length
    change(count === 1 ? 'Paste a node' : `Paste ${count} nodes`, (draft) => {
      settle(draft, [parent])
      return paste(draft, clip, parent, where, types)
    })
    setTimeout(() => canvas.current?.show(chosen()))
  }

  return {
    add,
    join,
    cut,
    remove,
    nameOf,
    say,
    single,
    places,
    change,
    settle,
    moveTo: (moved: Record<string, XY>) =>
      change('Move', (draft) => {
        settle(draft, Object.keys(moved).map(parentOf))
        move(draft, clamped(moved, parentOf))
      }),
    nudge: (dx: number, dy: number) => {
      const now = places()
      const moved = Object.fromEntries(
        chosen().flatMap((id) => (now[id] ? [[id, { x: now[id].x + dx, y: now[id].y + dy }]] : [])),
      )
      change(
        'Move',
        (draft) => {
          settle(draft, Object.keys(moved).map(parentOf))
          move(draft, clamped(moved, parentOf))
        },
        'nudge',
      )
    },
    tidy: async () => {
      const found = await askArrange(layoutTask(definition(), types))
      change('Tidy up', (draft) => move(draft, found))
      setTimeout(() => canvas.current?.fit())
    },
    copy: async (isCut = false) => {
      const ids = chosen()
      if (ids.length === 0) return
      const text = clipText(clipOf(definition(), ids, places()))
      await navigator.clipboard.writeText(text)
      if (isCut) remove(ids)
      else say(`${ids.length} copied.`)
    },
    pasteText: (text: string): boolean => {
      const clip = readClip(text)
      if (clip) put(clip, canvas.current?.pointer() ?? null)
      else say('The clipboard holds no nodes.')
      return clip !== null
    },
    duplicate: () => {
      const ids = chosen()
      if (ids.length === 0) return
      const clip = clipOf(definition(), ids, places())
      const parent = parentOf(ids[0] ?? '')
      const left = Math.min(...clip.nodes.map((node) => node.position?.x ?? 0))
      const top = Math.min(...clip.nodes.map((node) => node.position?.y ?? 0))
      change('Duplicate', (draft) => {
        settle(draft, [parent])
        return paste(draft, clip, parent, { x: left + COPY_OFFSET, y: top + COPY_OFFSET * 2 }, types)
      })
    },
    chooseAll: () => store.getState().choose([...nodesOf(definition()).keys()]),
    /** Chooses a node and shows it, and perhaps one field of it. */
    open: (id: string, field?: string) => {
      unfold(view, definition(), id)
      store.getState().choose([id])
      const tab = field === undefined ? {} : ({ tab: tabOf(field), field } as const)
      patch({ isPanelOpen: true, ...tab })
      setTimeout(() => canvas.current?.show([id]))
    },
    step: (direction: 'next' | 'before' | 'up' | 'down') => {
      const id = single()
      const now = places()
      if (!id) {
        const [first] = nodesOf(definition()).keys()
        if (first) go(store, canvas, first)
        return
      }
      const next =
        direction === 'next' || direction === 'before'
          ? neighbour(definition(), id, direction)
          : beside(definition(), now, id, direction)
      if (next) go(store, canvas, next)
    },
    fold: (id: string) => {
      const collapsed = new Set(view.getState().collapsed)
      if (!collapsed.delete(id)) collapsed.add(id)
      patch({ collapsed })
    },
    palette: (targets: Partial<Targets> = {}) =>
      mayEdit && patch({ popup: { kind: 'palette', after: null, into: null, parent: null, at: null, ...targets } }),
    fail: (error: unknown) => tellError(toApiError(error)),
  }
}

function unfold(view: EditorContextValue['view'], definition: Definition, id: string) {
  const nodes = nodesOf(definition)
  const collapsed = new Set(view.getState().collapsed)
  for (let at = nodes.get(id)?.parent ?? null; at !== null; at = nodes.get(at)?.parent ?? null) collapsed.delete(at)
  if (collapsed.size !== view.getState().collapsed.size) view.setState({ collapsed })
}

const tabOf = (field: string) => {
  if (field.startsWith('/parameters')) return 'parameters'
  return /^\/(id|type|name|retry|timeoutSeconds|onError|effect|compensate)\b/.test(field) ? 'settings' : 'json'
}

/** Within a loop nothing is drawn above or left of its frame. */
function clamped(moved: Record<string, XY>, parentOf: (id: string) => string | null): Record<string, XY> {
  const entries = Object.entries(moved).map(([id, place]) => [
    id,
    parentOf(id) === null ? place : { x: Math.max(GROUP_PAD / 2, place.x), y: Math.max(GROUP_HEAD, place.y) },
  ])
  return Object.fromEntries(entries) as Record<string, XY>
}

function go(store: EditorContextValue['store'], canvas: { current: CanvasHandle | null }, id: string) {
  store.getState().choose([id])
  canvas.current?.focus(id)
}

function beside(definition: Definition, places: Record<string, Place>, id: string, way: 'up' | 'down'): string | null {
  const [here, nodes] = [places[id], nodesOf(definition)]
  const parent = nodes.get(id)?.parent
  if (!here) return null
  const others = [...nodes.values()].filter((one) => one.parent === parent && one.node.id !== id)
  const ranked = others.flatMap(({ node }) => {
    const place = places[node.id]
    const down = place ? place.y - here.y : 0
    if (!place || (way === 'down' ? down <= 0 : down >= 0)) return []
    return [{ id: node.id, far: Math.abs(down) + 2 * Math.abs(place.x - here.x) }]
  })
  return ranked.toSorted((one, other) => one.far - other.far)[0]?.id ?? null
}

export function edgesOf(definition: Definition): { id: string; edge: EdgeDef; pointer: string }[] {
  const found: { id: string; edge: EdgeDef; pointer: string }[] = []
  const add = (edges: EdgeDef[] | undefined, at: string) => {
    for (const [index, edge] of (edges ?? []).entries()) {
      found.push({ id: `${edge.from}:${edge.port ?? MAIN}>${edge.to}`, edge, pointer: `${at}/edges/${index}` })
    }
  }
  add(definition.edges, '')
  for (const { node, pointer } of nodesOf(definition).values()) add(node.body?.edges, `${pointer}/body`)
  return found
}

export type Acts = ReturnType<typeof createActs>

export function useActs(): Acts {
  const context = useEditorContext()
  return useMemo(() => createActs(context), [context])
}
