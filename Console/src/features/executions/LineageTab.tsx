import { ArrowDown, Network } from 'lucide-react'
import { useApi } from '../../api/queries'
import type { ExecutionView, LineageView, Relative } from '../../api/schema.gen'
import { Go } from '../../app/links'
import { EmptyState, Waiting } from '../../ui/EmptyState'
import { ErrorBox } from '../../ui/ErrorBox'
import { Panel } from '../../ui/Page'
import { SafeText } from '../../ui/SafeText'
import { StatusText, Tag } from '../../ui/StatusText'
import classes from './Run.module.css'

const hrefOf = (one: Relative) =>
  one.executionId ? `/executions/${one.executionId}` : one.eventId ? `/events/${one.eventId}` : null

function Relatives({ items }: { items: Relative[] }) {
  return (
    <ul className={classes.relatives}>
      {items.map((one) => {
        const href = hrefOf(one)
        const name = one.name ?? one.executionId ?? one.eventId ?? ''
        return (
          <li
            key={`${one.relation}${one.executionId}${one.eventId}`}
            className={classes.relative}
            style={{ marginInlineStart: (one.distance - 1) * 18 }}
          >
            <Tag>{one.relation}</Tag>
            {href ? (
              <Go href={href}>
                <SafeText most={80}>{name}</SafeText>
              </Go>
            ) : (
              <SafeText most={80}>{name}</SafeText>
            )}
            {one.status && <StatusText status={one.status} />}
          </li>
        )
      })}
    </ul>
  )
}

/** Where a run came from, and what came of it. */
export function LineageTab({ id, run }: { id: string; run: ExecutionView }) {
  const lineage = useApi<LineageView>(`/executions/${id}/lineage`, undefined, { keep: false })
  if (lineage.error) return <ErrorBox error={lineage.error} retry={() => void lineage.refetch()} />
  if (!lineage.data) return <Waiting />
  const { origins, results } = lineage.data
  return (
    <Panel title="Where it came from, and what came of it">
      {origins.length === 0 && results.length === 0 ? (
        <EmptyState icon={Network} title="It stands alone">
          No event, rule, schedule or other run started it, and it has started none.
        </EmptyState>
      ) : (
        <div className={classes.lineage}>
          <Relatives
            items={[...origins].sort((a, b) => b.distance - a.distance).map((one) => ({ ...one, distance: 1 }))}
          />
          {origins.length > 0 && <ArrowDown size={16} aria-hidden />}
          <div className={classes.self}>
            This run <StatusText status={run.status} />
          </div>
          {results.length > 0 && <ArrowDown size={16} aria-hidden />}
          <Relatives items={results} />
        </div>
      )}
    </Panel>
  )
}
