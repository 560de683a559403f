import { useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useMemo, useRef } from 'react'
import { createStore, useStore } from 'zustand'
import { send } from '../../../api/client'
import { type ApiError, toApiError } from '../../../api/errors'
import { invalidate } from '../../../api/queries'
import type { WorkflowView } from '../../../api/schema.gen'
import { useEditorContext } from './context'
import { dropCopy, keepCopy } from './model/copies'
import { type Definition, isSame } from './model/definition'

const DEVICE_MS = 250
const SERVER_MS = 2_000
const AGAIN_MS = 10_000

export interface SavingState {
  /** The version that the editing began from, as the server has it, and its ETag. */
  base: Definition
  baseVersion: number
  draftVersion: number
  publishedVersion: number | null
  deviceAt: number | null
  serverAt: number | null
  serverTag: number | null
  /** Why nothing is kept on this device, or on the server. */
  deviceError: string | null
  serverError: string | null
  /** What somebody else saved meanwhile, to be put together with what is here. */
  theirs: WorkflowView | null
  isBusy: boolean
}

export type SavingStore = ReturnType<typeof createSaving>

export const createSaving = (
  start: Pick<SavingState, 'base' | 'baseVersion' | 'draftVersion' | 'publishedVersion' | 'serverTag'>,
) =>
  createStore<SavingState>()(() => ({
    ...start,
    deviceAt: null,
    serverAt: null,
    deviceError: null,
    serverError: null,
    theirs: null,
    isBusy: false,
  }))

const reason = (error: unknown) => toApiError(error).message

/** Keeps each change on this device at once, and on the server when the hands rest. */
function useCopies(saving: SavingStore, user: string, hasServerCopies: boolean) {
  const { store, workflow, mayEdit } = useEditorContext()
  useEffect(() => {
    if (!mayEdit) return undefined
    let device: ReturnType<typeof setTimeout> | undefined
    let server: ReturnType<typeof setTimeout> | undefined
    let isSending = false
    let isGone = false
    const keepHere = async () => {
      device = undefined
      const { base, baseVersion, draftVersion } = saving.getState()
      const { definition } = store.getState()
      try {
        if (isSame(definition, base)) await dropCopy(user, workflow.id)
        else {
          const savedAt = new Date().toISOString()
          await keepCopy({ user, workflow: workflow.id, definition, base, baseVersion, draftVersion, savedAt })
        }
        saving.setState({ deviceAt: Date.now(), deviceError: null })
      } catch (error) {
        saving.setState({ deviceError: reason(error) })
      }
    }
    const keepThere = async () => {
      server = undefined
      if (isSending || isGone) return
      const { definition } = store.getState()
      const { draftVersion, serverTag } = saving.getState()
      isSending = true
      try {
        const { data } = await send<{ version: number }>('PUT', `/workflows/${workflow.id}/working-copy`, {
          body: { definition, baseVersion: draftVersion },
          ifMatch: serverTag ?? undefined,
        })
        saving.setState({ serverTag: data.version, serverAt: Date.now(), serverError: null })
      } catch (error) {
        const failure = toApiError(error)
        saving.setState({
          serverError:
            failure.status === 412 ? 'Another window of yours keeps its copy on the server.' : failure.message,
        })
        if (failure.status !== 412) server ??= setTimeout(() => void keepThere(), AGAIN_MS)
      } finally {
        isSending = false
      }
      if (store.getState().definition !== definition) server ??= setTimeout(() => void keepThere(), SERVER_MS)
    }
    const stop = store.subscribe((now, before) => {
      if (now.definition === before.definition) return
      device ??= setTimeout(() => void keepHere(), DEVICE_MS)
      if (!hasServerCopies) return
      clearTimeout(server)
      server = setTimeout(() => void keepThere(), SERVER_MS)
    })
    // A tab that is closed writes at once what it would have written soon.
    const leave = () => {
      if (document.visibilityState === 'hidden' && device !== undefined) {
        clearTimeout(device)
        void keepHere()
      }
    }
    document.addEventListener('visibilitychange', leave)
    return () => {
      isGone = true
      stop()
      document.removeEventListener('visibilitychange', leave)
      if (device !== undefined) {
        clearTimeout(device)
        void keepHere()
      }
      clearTimeout(server)
    }
  }, [saving, store, workflow.id, user, hasServerCopies, mayEdit])
}

export type SaveAnswer = { kind: 'saved' } | { kind: 'conflict' } | { kind: 'refused'; error: ApiError }

function useVersions(saving: SavingStore, user: string) {
  const { store, workflow } = useEditorContext()
  const client = useQueryClient()
  const settle = useCallback(
    async (next: WorkflowView, definition: Definition) => {
      saving.setState({
        base: definition,
        baseVersion: next.version,
        draftVersion: next.draftVersion,
        publishedVersion: next.publishedVersion,
        theirs: null,
      })
      if (isSame(store.getState().definition, definition)) await dropCopy(user, workflow.id)
      // The old name stays in lists until they are read again.
      await invalidate(client, ['/workflows'])
    },
    [client, saving, store, user, workflow.id],
  )
  return useMemo(() => {
    const path = `/workflows/${workflow.id}`
    const conflict = async (): Promise<SaveAnswer> => {
      const { data } = await send<WorkflowView>('GET', path)
      saving.setState({ theirs: data })
      return { kind: 'conflict' }
    }
    const run = async (act: () => Promise<SaveAnswer>): Promise<SaveAnswer> => {
      saving.setState({ isBusy: true })
      try {
        return await act()
      } catch (error) {
        const failure = toApiError(error)
        return failure.status === 412 ? await conflict() : { kind: 'refused', error: failure }
      } finally {
        saving.setState({ isBusy: false })
      }
    }
    return {
      save: (comment: string) =>
        run(async () => {
          const { definition } = store.getState()
          const { data } = await send<WorkflowView>('PATCH', path, {
            body: { definition, comment },
            ifMatch: saving.getState().baseVersion,
          })
          await settle(data, definition)
          return { kind: 'saved' }
        }),
      publish: () =>
        run(async () => {
          const { draftVersion, baseVersion, base } = saving.getState()
          await send('POST', `${path}/publish`, { body: { version: draftVersion }, ifMatch: baseVersion })
          const { data } = await send<WorkflowView>('GET', path)
          await settle(data, base)
          return { kind: 'saved' }
        }),
      /** Goes on from what somebody else saved, with both put together. */
      takeMerged: (merged: Definition, theirs: WorkflowView) => {
        saving.setState({
          base: theirs.definition as Definition,
          baseVersion: theirs.version,
          draftVersion: theirs.draftVersion,
          publishedVersion: theirs.publishedVersion,
          theirs: null,
        })
        store.getState().replace('Merge', merged)
      },
      discard: () => store.getState().replace('Back to the saved version', saving.getState().base),
    }
  }, [saving, settle, store, workflow.id])
}

export function useSaving(saving: SavingStore, user: string, hasServerCopies: boolean) {
  useCopies(saving, user, hasServerCopies)
  const state = useStore(saving)
  const { store } = useEditorContext()
  const definition = useStore(store, (one) => one.definition)
  const { base } = state
  const isDirty = useMemo(() => !isSame(definition, base), [definition, base])
  const versions = useVersions(saving, user)
  const warned = useRef(isDirty)
  useEffect(() => {
    warned.current = isDirty && state.deviceError !== null
  })
  useEffect(() => {
    // Only what would be lost is worth a question: changes are on this device otherwise.
    const ask = (event: BeforeUnloadEvent) => {
      if (warned.current) event.preventDefault()
    }
    window.addEventListener('beforeunload', ask)
    return () => window.removeEventListener('beforeunload', ask)
  }, [])
  return { ...state, ...versions, isDirty }
}

export type Saving = ReturnType<typeof useSaving>
