import { useCallback, useMemo } from 'react'
import { useQueryClient } from '@tanstack/react-query'
import { get, type ApiError } from '../../../../api/client'
import type { StepView } from '../../../../api/schema.gen'
import { useEditor, useEditorContext, useView } from '../context'
import { type Definition, nodesOf } from '../model/definition'
import type { NodeTypes } from '../model/nodeTypes'
import { stepsBefore } from '../model/outline'

export interface Step {
  id: string
  name: string
  type: string
}

const isAround = (definition: Definition, id: string) => {
  const nodes = nodesOf(definition)
  return (nodes.get(id)?.parent ?? null) !== null
}

/** Names that expressions of a node may begin with. */
export function namesFor(definition: Definition, node: string, secrets: boolean): string[] {
  return [
    'input',
    'steps',
    'trigger',
    'event',
    'execution',
    'vars',
    'context',
    'callbacks',
    ...(isAround(definition, node) ? ['item', 'index'] : []),
    ...(secrets ? ['secrets'] : []),
  ]
}

/** Members that the documentation of a type promises of its output: `{"status": 200, ...}`. */
export function promisedMembers(types: NodeTypes, type: string): string[] {
  const text = types.get(type)?.output ?? ''
  const shape = /`\{([^`]*)\}`/.exec(text)?.[1] ?? ''
  return [...shape.matchAll(/"(\w+)"/g)].map((hit) => hit[1] ?? '').filter(Boolean)
}

/** What a node may read: the steps before it, and what the last test and the pins say that they hold. */
export function useScope(node: string) {
  const { types } = useEditorContext()
  const client = useQueryClient()
  const definition = useEditor((state) => state.definition)
  const test = useView((state) => state.test)
  const pins = useView((state) => state.pins)
  const steps = useMemo(() => {
    const nodes = nodesOf(definition)
    return stepsBefore(definition, node).map((id) => {
      const found = nodes.get(id)?.node
      return { id, name: found?.name ?? id, type: found?.type ?? '' } satisfies Step
    })
  }, [definition, node])
  const output = useCallback(
    async (id: string): Promise<unknown> => {
      if (pins && Object.hasOwn(pins, id)) return pins[id]
      if (!test) return undefined
      try {
        const step = await client.fetchQuery({
          queryKey: [`/executions/${test.id}/steps/one`, { node: id }],
          queryFn: ({ signal }) => get<StepView>(`/executions/${test.id}/steps/one`, { node: id }, signal),
          staleTime: 30_000,
          retry: false,
        })
        return step.output
      } catch (error) {
        // The test did not come as far as this step: there is nothing to complete from.
        if ((error as ApiError).status === 404) return undefined
        throw error
      }
    },
    [client, pins, test],
  )
  const input = useCallback(async (): Promise<unknown> => {
    if (!test) return undefined
    const run = await client.fetchQuery({
      queryKey: [`/executions/${test.id}`, { steps: 'none' }],
      queryFn: ({ signal }) => get<{ input?: unknown }>(`/executions/${test.id}`, { steps: 'none' }, signal),
      staleTime: 30_000,
    })
    return run.input
  }, [client, test])
  const names = useMemo(() => (secrets: boolean) => namesFor(definition, node, secrets), [definition, node])
  const promised = useCallback((type: string) => promisedMembers(types, type), [types])
  return { steps, output, input, names, promised }
}

export type Scope = ReturnType<typeof useScope>
