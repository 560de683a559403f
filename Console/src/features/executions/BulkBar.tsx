import { CloseButton } from '@mantine/core'
import { lazy, Suspense, useState } from 'react'
import type { Query } from '../../api/client'
import type { ExecutionFilter } from '../../api/schema.gen'
import { Act } from '../../ui/Act'
import type { Control } from './control'
import classes from './Runs.module.css'
import { text } from './text'

const BulkDialog = lazy(() => import('./BulkDialog'))
const CONTROLS: Control[] = ['retry', 'cancel', 'pause', 'resume', 'mark-resolved']
const KNOWN: Record<string, keyof ExecutionFilter> = {
  workflow: 'workflow',
  status: 'status',
  trigger: 'trigger',
  from: 'from',
  to: 'to',
  correlation_id: 'correlationId',
  error_code: 'errorCode',
}

/** The filter of the list as the bulk routes want it, or why they cannot have it. */
export function bulkFilter(query: Query): { filter: ExecutionFilter } | { because: string } {
  const filter: Record<string, string> = {}
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === null || value === '') continue
    const known = Object.hasOwn(KNOWN, name) ? KNOWN[name] : undefined
    if (!known) return { because: `What matches “${name}” can be acted on only by selecting rows.` }
    filter[known] = String(value)
  }
  if (Object.keys(filter).length === 0) return { because: 'Filter the list first: nobody means all runs there are.' }
  if (filter.status?.includes(',')) return { because: 'Filter by one status first.' }
  return { filter }
}

interface Props {
  selected: ReadonlySet<string>
  clear: () => void
  query: Query
}

export function BulkBar({ selected, clear, query }: Props) {
  const [control, setControl] = useState<Control | null>(null)
  const [isAll, setAll] = useState(false)
  const whole = bulkFilter(query)
  if (selected.size === 0) return null
  return (
    <div className={classes.bulk} role="region" aria-label="What to do with the selected">
      <strong>{isAll ? 'All that match' : `${selected.size} selected`}</strong>
      <Act
        variant="subtle"
        size="compact-xs"
        because={'because' in whole ? whole.because : null}
        onClick={() => setAll(!isAll)}
      >
        {isAll ? 'Only the selected' : 'All that match'}
      </Act>
      <span className={classes.bulkActs}>
        {CONTROLS.map((one) => (
          <Act key={one} needs="executions.manage" variant="default" size="compact-xs" onClick={() => setControl(one)}>
            {text.acts[one]}
          </Act>
        ))}
      </span>
      <CloseButton size="sm" aria-label="Clear the selection" onClick={clear} />
      {control && (
        <Suspense fallback={null}>
          <BulkDialog
            control={control}
            ids={isAll ? null : [...selected]}
            query={query}
            filter={isAll && 'filter' in whole ? whole.filter : null}
            close={() => setControl(null)}
            done={clear}
          />
        </Suspense>
      )}
    </div>
  )
}
