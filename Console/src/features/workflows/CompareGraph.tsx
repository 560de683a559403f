import { lazy, Suspense, useMemo } from 'react'
import { useApi } from '../../api/queries'
import { Waiting } from '../../ui/EmptyState'
import { ErrorBox } from '../../ui/ErrorBox'
import { type Change, CHANGE_WORDS, compareGraphs } from '../../ui/graph/compare'
import { Tag, type Tone } from '../../ui/StatusText'
import classes from './Workflows.module.css'

const FlowGraph = lazy(() => import('../../ui/graph/FlowGraph'))

const TONES: Record<Change, Tone> = { added: 'ok', changed: 'wait', removed: 'bad' }

interface Version {
  definition: unknown
}

const useVersion = (id: string, number: string) =>
  useApi<Version>(`/workflows/${id}/versions/${number}`, undefined, { staleTime: 600_000, keep: false })

/** Two versions as one graph: what was added, what has changed, and what is gone where it stood. */
export function CompareGraph({ id, from, to }: { id: string; from: string; to: string }) {
  const before = useVersion(id, from)
  const after = useVersion(id, to)
  const error = before.error ?? after.error
  const found = useMemo(
    () => (before.data && after.data ? compareGraphs(before.data.definition, after.data.definition) : null),
    [before.data, after.data],
  )
  const marks = useMemo(
    () =>
      found &&
      Object.fromEntries(
        found.model.nodes.map(({ id: node }) => [node, { status: null, change: found.nodes[node] ?? null }]),
      ),
    [found],
  )
  if (error) return <ErrorBox error={error} retry={() => void (before.error ? before.refetch() : after.refetch())} />
  if (!found || !marks) return <Waiting rows={4} />
  return (
    <>
      <p className={classes.legend}>
        {(Object.keys(CHANGE_WORDS) as Change[]).map((change) => (
          <Tag key={change} tone={TONES[change]}>
            {CHANGE_WORDS[change].sign} {found.counts[change]} {CHANGE_WORDS[change].word}
          </Tag>
        ))}
      </p>
      <div className={classes.graph}>
        <Suspense fallback={<Waiting rows={4} />}>
          <FlowGraph
            key={`${from} ${to}`}
            model={found.model}
            marks={marks}
            changedEdges={found.edges}
            label={`What changed from version ${from} to ${to}`}
          />
        </Suspense>
      </div>
    </>
  )
}
