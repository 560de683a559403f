import { useMemo } from 'react'
import { useApi } from '../api/queries'
import type { WorkflowItem } from '../api/schema.gen'
import { useMay } from '../app/permissions'
import { safeText } from './safe'

const SHOWN = 60

/** Names of the first hundred workflows, and choices of them for filters and forms. */
export function useWorkflowNames() {
  const may = useMay()
  const found = useApi<WorkflowItem[]>(
    may('workflows.read') ? '/workflows' : null,
    { per_page: 100, sort: 'name' },
    { staleTime: 60_000 },
  )
  return useMemo(() => {
    const names = new Map((found.data ?? []).map((one) => [one.id, one.name]))
    return {
      nameOf: (id: string | null | undefined) => (id ? (names.get(id) ?? id.slice(0, 13)) : '–'),
      options: (found.data ?? []).map((one) => ({ value: one.id, label: safeText(one.name).slice(0, SHOWN) })),
    }
  }, [found.data])
}
