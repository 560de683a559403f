import { useEffect } from 'react'
import { areKeysOn } from '../../../app/keys'
import { useActs } from './acts'
import { useEditorContext } from './context'
import { MAIN, nodesOf } from './model/definition'
import { ERROR, portsOf } from './model/nodeTypes'
import { usePins } from './usePins'

const isField = (target: EventTarget | null) =>
  target instanceof HTMLElement &&
  (target.isContentEditable ||
    ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName) ||
    target.closest('.cm-editor') !== null)

const isInTabs = (target: EventTarget | null) =>
  target instanceof HTMLElement && target.closest('[role=tree], [role=tablist], [role=menu], [role=listbox]') !== null

const nameOf = (event: KeyboardEvent) => {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key
  const isLetter = /^[a-z]$|^Arrow|^Tab$|^Enter$/.test(key)
  return `${event.ctrlKey || event.metaKey ? 'Mod+' : ''}${event.shiftKey && isLetter ? 'Shift+' : ''}${key}`
}

const onCanvas = (target: EventTarget | null) =>
  target === document.body ||
  (target instanceof HTMLElement && target.closest('[data-editor-canvas], .react-flow') !== null)

/** The keys of the editor. Letters act only outside of fields; nothing acts below a dialog. */
export function useEditorKeys(test: () => void, save: () => void) {
  const { store, view, types, canvas, mayEdit } = useEditorContext()
  const acts = useActs()
  const { pin, unpin, canPin } = usePins()
  useEffect(() => {
    const exitOf = (id: string) => {
      const found = nodesOf(store.getState().definition).get(id)
      const ports = found ? portsOf(found.node, types).filter((port) => port !== ERROR) : []
      const wired = new Set(
        (found?.graph.edges ?? []).filter((edge) => edge.from === id).map((edge) => edge.port ?? MAIN),
      )
      return ports.find((port) => !wired.has(port)) ?? ports[0]
    }
    const add = () => {
      const id = acts.single()
      const port = id === null ? undefined : exitOf(id)
      acts.palette(id !== null && port !== undefined ? { after: { id, port } } : {})
    }
    const togglePin = () => {
      const id = acts.single()
      if (!id || !canPin) return
      const { pins } = view.getState()
      if (pins && Object.hasOwn(pins, id)) void unpin(id)
      else view.setState({ tab: 'output', isPanelOpen: true })
    }
    const single = (run: (id: string) => void) => () => {
      const id = acts.single()
      if (id) run(id)
    }
    const anywhere: Record<string, () => void> = {
      'Mod+s': save,
      'Mod+f': () => view.setState({ popup: { kind: 'find' } }),
    }
    const outside: Record<string, () => void> = {
      'Mod+z': () => store.getState().undo(),
      'Mod+Shift+z': () => store.getState().redo(),
      'Mod+y': () => store.getState().redo(),
      'Mod+a': acts.chooseAll,
      'Mod+c': () => void acts.copy().catch(acts.fail),
      'Mod+x': () => mayEdit && void acts.copy(true).catch(acts.fail),
      'Mod+d': acts.duplicate,
      Delete: () => acts.remove(),
      Backspace: () => acts.remove(),
      a: add,
      c: single((from) => view.setState({ popup: { kind: 'connect', from } })),
      p: togglePin,
      t: test,
      F2: single(() => view.setState({ tab: 'settings', isPanelOpen: true })),
      'Shift+l': () => void acts.tidy(),
      '1': () => canvas.current?.fit(),
      '+': () => canvas.current?.zoom(1.25),
      '-': () => canvas.current?.zoom(0.8),
    }
    const canvasOnly: Record<string, () => void> = {
      Tab: add,
      Enter: single((id) => acts.open(id, '/parameters')),
      ArrowRight: () => acts.step('next'),
      ArrowLeft: () => acts.step('before'),
      ArrowUp: () => acts.step('up'),
      ArrowDown: () => acts.step('down'),
      Escape: () => store.getState().choose([]),
    }
    const nudges: Record<string, [number, number]> = {
      ArrowRight: [1, 0],
      ArrowLeft: [-1, 0],
      ArrowUp: [0, -1],
      ArrowDown: [0, 1],
    }
    const find = (event: KeyboardEvent): (() => void) | undefined => {
      const name = nameOf(event)
      if (Object.hasOwn(anywhere, name)) return anywhere[name]
      if (isField(event.target)) return undefined
      const nudge = event.shiftKey ? nudges[event.key] : undefined
      if (nudge && onCanvas(event.target)) {
        const by = event.ctrlKey || event.metaKey ? 1 : 10
        return () => acts.nudge(nudge[0] * by, nudge[1] * by)
      }
      const isLetter = /^(Shift\+)?[a-z0-9+-]$/.test(name)
      if (isLetter && !areKeysOn()) return undefined
      if (Object.hasOwn(outside, name) && !(isLetter && isInTabs(event.target))) return outside[name]
      if (!onCanvas(event.target) || event.target instanceof HTMLButtonElement) return undefined
      // Tab is a palette only with a node chosen or the canvas in focus: after Esc it goes on as everywhere.
      if (
        name === 'Tab' &&
        acts.single() === null &&
        event.target === document.body &&
        store.getState().definition.nodes?.length
      )
        return undefined
      return Object.hasOwn(canvasOnly, name) ? canvasOnly[name] : undefined
    }
    const press = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.altKey) return
      if (view.getState().popup !== null || document.querySelector('[role=dialog][aria-modal=true], [role=menu]'))
        return
      const act = find(event)
      if (!act) return
      event.preventDefault()
      act()
    }
    const paste = (event: ClipboardEvent) => {
      if (isField(event.target) || view.getState().popup !== null || !mayEdit) return
      if (acts.pasteText(event.clipboardData?.getData('text/plain') ?? '')) event.preventDefault()
    }
    window.addEventListener('keydown', press)
    window.addEventListener('paste', paste)
    return () => {
      window.removeEventListener('keydown', press)
      window.removeEventListener('paste', paste)
    }
  }, [acts, canPin, canvas, mayEdit, pin, save, store, test, types, unpin, view])
}
