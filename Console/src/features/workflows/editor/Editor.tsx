import { lazy, Suspense, useCallback, useEffect, useMemo, useRef } from 'react'
import { useStore } from 'zustand'
import { invalidate, queryClient } from '../../../api/queries'
import type { WorkflowView } from '../../../api/schema.gen'
import { useSession } from '../../../api/session'
import { useTopic } from '../../../app/socket'
import { Waiting } from '../../../ui/EmptyState'
import { PanelBoundary } from '../../../ui/PanelBoundary'
import { useParamsOfUrl } from '../../../app/links'
import { askArrange } from './arranging'
import { CanvasSlot, createView, EditorContext, type EditorContextValue, useEditorContext, useView } from './context'
import { Drawer } from './Drawer'
import { classes } from './classes'
import { Head } from './Head'
import type { Definition } from './model/definition'
import { nodesOf } from './model/definition'
import type { NodeTypes } from './model/nodeTypes'
import { isPlaced, layoutTask } from './model/places'
import { createEditor } from './model/store'
import { useOffered } from './offered'
import { Side } from './Side'
import { useChecking } from './useChecking'
import { useEditorKeys } from './useEditorKeys'
import { type Holding, useHolding } from './useHolding'
import { readPins } from './usePins'
import { createSaving, type SavingState, useSaving } from './useSaving'
import { useTestProgress } from './useTest'

// What is not there at first comes when it is wanted.
const Canvas = lazy(async () => ({ default: (await import('./canvas/Canvas')).Canvas }))
const NodePanel = lazy(async () => ({ default: (await import('./panel/NodePanel')).NodePanel }))
const Dialogs = lazy(async () => ({ default: (await import('./Dialogs')).Dialogs }))

export interface Beginning {
  workflow: WorkflowView
  types: NodeTypes
  /** Why the caller may change nothing, whoever holds it; null when they may. */
  readOnlyBecause: string | null
  /** What is edited: the saved version, or a copy that was kept. */
  start: Definition
  /** From where the places are that the definition does not say. */
  laidOut: EditorPlaces
  saving: Pick<SavingState, 'base' | 'baseVersion' | 'draftVersion' | 'publishedVersion' | 'serverTag'>
}

export type EditorPlaces = Record<string, { x: number; y: number }>

const FOLD_ABOVE = 1000

/** Places for a definition that does not say all of them. */
export const placesFor = async (definition: Definition, types: NodeTypes): Promise<EditorPlaces> =>
  isPlaced(definition) ? {} : askArrange(layoutTask(definition, types))

/** The node of the address is chosen, and the chosen node is in the address. */
function useNodeOfAddress() {
  const { store } = useEditorContext()
  const [params, change] = useParamsOfUrl()
  const first = useRef(params.node)
  const chosen = useStore(store, (state) => state.chosen.at(-1) ?? null)
  useEffect(() => {
    const id = first.current
    if (id && nodesOf(store.getState().definition).has(id)) store.getState().choose([id])
  }, [store])
  useEffect(() => {
    if (chosen !== null || first.current === undefined) change({ node: chosen })
    first.current = undefined
  }, [chosen, change])
}

function Inner({ beginning, holding }: { beginning: Beginning; holding: Holding }) {
  const { view, mayEdit, workflow } = useEditorContext()
  const { me } = useSession()
  const { isOffered } = useOffered()
  const savingStore = useMemo(() => createSaving(beginning.saving), [beginning])
  const saving = useSaving(savingStore, me?.id ?? '', isOffered)
  const isPanelOpen = useView((state) => state.isPanelOpen)
  const said = useView((state) => state.said)
  const hasPopup = useView((state) => state.popup !== null)
  useChecking()
  useTestProgress()
  useNodeOfAddress()
  useTopic(`workflow:${workflow.id}`, () => void invalidate(queryClient, [`/workflows/${workflow.id}`]))
  const test = useCallback(() => view.setState({ popup: { kind: 'test', upTo: null, only: null } }), [view])
  const save = useCallback(() => mayEdit && view.setState({ popup: { kind: 'save', publish: false } }), [mayEdit, view])
  useEditorKeys(test, save)
  useEffect(() => {
    if (isOffered) void readPins({ workflow, view })
  }, [isOffered, workflow, view])
  return (
    <div className={classes.editor} data-panel={isPanelOpen || undefined}>
      <Head saving={saving} holding={holding} />
      <Side />
      <div className={classes.middle}>
        <div className={classes.stage} data-editor-canvas>
          <PanelBoundary resetOn={workflow.id}>
            <Suspense fallback={<Waiting rows={4} />}>
              <Canvas />
            </Suspense>
          </PanelBoundary>
        </div>
        <Drawer />
      </div>
      {isPanelOpen && (
        <aside className={classes.panel} aria-label="Panel">
          <Suspense fallback={<Waiting rows={4} />}>
            <NodePanel />
          </Suspense>
        </aside>
      )}
      {hasPopup && (
        <Suspense fallback={null}>
          <Dialogs saving={saving} isOffered={isOffered} />
        </Suspense>
      )}
      <div className="visually-hidden" role="status" aria-live="polite">
        {said}
      </div>
    </div>
  )
}

export function Editor({ beginning }: { beginning: Beginning }) {
  const made = useMemo(() => {
    const { workflow, types, start, laidOut } = beginning
    const view = createView()
    const nodes = nodesOf(start)
    const isLarge = nodes.size > FOLD_ABOVE
    const collapsed = isLarge ? [...nodes.values()].filter(({ node }) => node.body).map(({ node }) => node.id) : []
    view.setState({ laidOut, collapsed: new Set(collapsed), isPanelOpen: nodes.size === 0 })
    return { store: createEditor(start), view, types, workflow, canvas: new CanvasSlot() }
  }, [beginning])
  const holding = useHolding(beginning.workflow)
  const readOnlyBecause = beginning.readOnlyBecause ?? holding.why
  const value = useMemo<EditorContextValue>(
    () => ({ ...made, mayEdit: readOnlyBecause === null, readOnlyBecause }),
    [made, readOnlyBecause],
  )
  return (
    <EditorContext value={value}>
      <Inner beginning={beginning} holding={holding} />
    </EditorContext>
  )
}
