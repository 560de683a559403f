import { createContext, useContext } from 'react'
import { createStore, useStore } from 'zustand'
import type { WorkflowView } from '../../../api/schema.gen'
import type { Definition, EdgeDef, XY } from './model/definition'
import type { NodeTypes } from './model/nodeTypes'
import type { Problem } from './model/problems'
import type { EditorState, EditorStore } from './model/store'

export type Popup =
  | {
      kind: 'palette'
      after: { id: string; port: string } | null
      into: EdgeDef | null
      parent: string | null
      at: XY | null
    }
  | { kind: 'connect'; from: string }
  | { kind: 'find' }
  | { kind: 'save'; publish: boolean }
  | { kind: 'merge' }
  | { kind: 'test'; upTo: string | null; only: string | null }

export type PanelTab = 'parameters' | 'input' | 'output' | 'settings' | 'json' | 'docs'
export type DrawerTab = 'problems' | 'json' | 'tests'

/** What a node shows of the last test. */
export interface Mark {
  status: string
  note?: string
}

export interface TestRun {
  id: string
  status: string
  isTest: boolean
  /** The definition that it ran: nodes that changed since show old data. */
  definition: Definition
  startedAt: string
}

/** What is shown, as opposed to what is edited: no undo goes through it. */
export interface ViewState {
  laidOut: Record<string, XY>
  collapsed: ReadonlySet<string>
  drag: Record<string, XY> | null
  popup: Popup | null
  tab: PanelTab
  isPanelOpen: boolean
  drawer: DrawerTab | null
  /** The member that is to get the focus, as a pointer within the node: `/parameters/url`. */
  field: string | null
  problems: Problem[]
  isChecked: boolean
  marks: Record<string, Mark>
  test: TestRun | null
  /** Null where the server has no pins. */
  pins: Record<string, unknown> | null
  pinsVersion: number
  /** Said to who cannot see the canvas. */
  said: string
}

export const createView = () =>
  createStore<ViewState>()(() => ({
    laidOut: {},
    collapsed: new Set<string>(),
    drag: null,
    popup: null,
    tab: 'parameters',
    isPanelOpen: true,
    drawer: null,
    field: null,
    problems: [],
    isChecked: false,
    marks: {},
    test: null,
    pins: null,
    pinsVersion: 0,
    said: '',
  }))

export type ViewStore = ReturnType<typeof createView>

/** What the canvas lends to commands: where the pointer and the middle of the view are. */
export interface CanvasHandle {
  pointer: () => XY | null
  centre: () => XY
  show: (ids: string[]) => void
  fit: () => void
  zoom: (by: number) => void
  focus: (id: string) => void
}

/** Where the canvas leaves its handle while it is there. */
export class CanvasSlot {
  current: CanvasHandle | null = null
  set(handle: CanvasHandle | null) {
    this.current = handle
  }
}

export interface EditorContextValue {
  store: EditorStore
  view: ViewStore
  types: NodeTypes
  workflow: WorkflowView
  mayEdit: boolean
  /** Why nothing can be changed; null when it can. */
  readOnlyBecause: string | null
  canvas: CanvasSlot
}

export const EditorContext = createContext<EditorContextValue | null>(null)

export function useEditorContext(): EditorContextValue {
  const value = useContext(EditorContext)
  if (!value) throw new Error('This stands outside of an editor.')
  return value
}

export const useEditor = <T>(select: (state: EditorState) => T): T => useStore(useEditorContext().store, select)
export const useView = <T>(select: (state: ViewState) => T): T => useStore(useEditorContext().view, select)
