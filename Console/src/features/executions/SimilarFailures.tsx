import { useApi } from '../../api/queries'
import { Go } from '../../app/links'
import { Panel } from '../../ui/Page'
import { SafeText } from '../../ui/SafeText'
import { StatusText } from '../../ui/StatusText'
import { TimeText } from '../../ui/TimeText'
import type { SimilarFailure } from './failures'
import classes from './Failures.module.css'
import { text } from './text'

const SHOWN = 5

function Ending({ one }: { one: SimilarFailure }) {
  if (one.resolution) {
    return (
      <span>
        <SafeText most={60}>{one.resolvedBy ?? ''}</SafeText>: <SafeText most={300}>{one.resolution}</SafeText>
      </span>
    )
  }
  if (one.rerunId) {
    return (
      <span>
        run again: <Go href={`/executions/${one.id}/compare/${one.rerunId}`}>compare</Go>{' '}
        {one.rerunStatus && <StatusText status={one.rerunStatus} />}
      </span>
    )
  }
  return <span>{one.resolvedAt ? text.resolvedWithoutWord : text.notResolved}</span>
}

/** "Failed like this before": what people wrote when they resolved it, and what running again did. */
export function SimilarFailures({ id }: { id: string }) {
  const found = useApi<SimilarFailure[]>(`/executions/${id}/similar`, undefined, { keep: false, staleTime: 60_000 })
  if (!found.data || found.data.length === 0) return null
  return (
    <Panel title={text.similar}>
      <ul className={classes.similar}>
        {found.data.slice(0, SHOWN).map((one) => (
          <li key={one.id}>
            <Go href={`/executions/${one.id}`}>
              <TimeText at={one.finishedAt} relative />
            </Go>
            <Ending one={one} />
          </li>
        ))}
      </ul>
      {found.data.length > SHOWN && <p className={classes.note}>{text.moreSimilar(found.data.length - SHOWN)}</p>}
    </Panel>
  )
}
