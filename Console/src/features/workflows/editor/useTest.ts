import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useMemo } from 'react'
import { get, send } from '../../../api/client'
import { toApiError } from '../../../api/errors'
import type { NodeSummary, WorkflowView } from '../../../api/schema.gen'
import { useTopic } from '../../../app/socket'
import { tellError } from '../../../ui/notify'
import { type Mark, useEditorContext, useView } from './context'
import { type Definition } from './model/definition'

export interface TestOptions {
  upTo: string | null
  only: string | null
  input: unknown
  effects: boolean
}

const EVERY_MS = 800
const OPEN = new Set(['queued', 'running', 'waiting', 'held', 'paused'])
export const isOpen = (status: string) => OPEN.has(status)

const isOf = (id: string, path: unknown) => typeof path === 'string' && path.startsWith(`/executions/${id}`)

function markOf(summary: NodeSummary): Mark {
  const rounds = summary.completed + summary.failed
  const note =
    rounds > 1
      ? `${summary.completed.toLocaleString('en')} done, ${summary.failed.toLocaleString('en')} failed`
      : undefined
  const status =
    summary.waiting > 0
      ? 'waiting'
      : summary.failed > 0 && summary.completed === 0
        ? 'failed'
        : summary.completed > 0
          ? 'completed'
          : 'cancelled'
  return { status, ...(note ? { note } : {}) }
}

/** Follows the test of this window until it has ended: node by node. */
export function useTestProgress() {
  const { view } = useEditorContext()
  const client = useQueryClient()
  const id = useView((state) => state.test?.id ?? null)
  const status = useView((state) => state.test?.status ?? null)
  const isRunning = status !== null && isOpen(status)
  const read = useMemo(
    () => async () => {
      if (id === null) return
      try {
        const [run, nodes] = await Promise.all([
          get<{ status: string }>(`/executions/${id}`, { steps: 'none' }),
          get<NodeSummary[]>(`/executions/${id}/nodes`),
        ])
        const { test } = view.getState()
        if (test?.id !== id) return
        const marks = Object.fromEntries(nodes.map((node) => [node.nodeId, markOf(node)]))
        view.setState({ marks, test: { ...test, status: run.status } })
        // What was read while it ran is read once more: nobody asks for it again by itself.
        if (!isOpen(run.status)) await client.invalidateQueries({ predicate: ({ queryKey: [path] }) => isOf(id, path) })
      } catch (error) {
        tellError(toApiError(error))
        const { test } = view.getState()
        if (test?.id === id) view.setState({ test: { ...test, status: 'cancelled' } })
      }
    },
    [client, id, view],
  )
  useTopic(isRunning && id ? `execution:${id}` : null, () => void read())
  useEffect(() => {
    if (!isRunning) return undefined
    const timer = setInterval(() => void read(), EVERY_MS)
    return () => clearInterval(timer)
  }, [isRunning, read])
}

/** Starts a test of what is on the canvas; where the server has no tests, an execution of a saved version. */
export function useTestStart(
  isOffered: boolean,
  save: (comment: string) => Promise<{ kind: string; error?: unknown }>,
) {
  const { store, view, workflow } = useEditorContext()
  return useMemo(
    () => async (options: TestOptions) => {
      const { definition } = store.getState()
      const id = isOffered
        ? await startTest(workflow.id, definition, options)
        : await startVersion(workflow.id, options, save)
      view.setState({
        marks: {},
        drawer: 'tests',
        test: { id, status: 'queued', isTest: isOffered, definition, startedAt: new Date().toISOString() },
      })
    },
    [isOffered, save, store, view, workflow.id],
  )
}

async function startTest(
  workflow: string,
  definition: Definition,
  { upTo, only, input, effects }: TestOptions,
): Promise<string> {
  const body = { definition, ...(upTo ? { upTo } : {}), ...(only ? { only } : {}), input: input ?? {}, effects }
  return (await send<{ id: string }>('POST', `/workflows/${workflow}/test`, { body })).data.id
}

async function startVersion(
  workflow: string,
  options: TestOptions,
  save: (comment: string) => Promise<{ kind: string; error?: unknown }>,
): Promise<string> {
  const saved = await save('')
  if (saved.kind === 'refused') throw saved.error
  if (saved.kind === 'conflict') throw new Error('Somebody else saved a version meanwhile: put both together first.')
  const { draftVersion } = await get<WorkflowView>(`/workflows/${workflow}`)
  const body = { version: draftVersion, input: options.input ?? {} }
  return (await send<{ id: string }>('POST', `/workflows/${workflow}/execute`, { body })).data.id
}
