import { useApi } from '../../api/queries'
import type { ApprovalItemView, ApprovalView } from '../../api/schema.gen'
import { Question, Quorum, quorumTitle } from '../../ui/approvals/Request'
import { ErrorBox } from '../../ui/ErrorBox'
import { SafeText } from '../../ui/SafeText'
import classes from './Run.module.css'

function Asked({ id, onDecided }: { id: string; onDecided: () => void }) {
  const found = useApi<ApprovalView>(`/approvals/${id}`, undefined, { keep: false })
  if (!found.data) return <ErrorBox error={found.error} />
  return (
    <>
      <h3 className={classes.sub}>
        <SafeText most={200}>{found.data.title}</SafeText>
      </h3>
      <Question request={found.data} onDecided={onDecided} />
      <h3 className={classes.sub}>{quorumTitle(found.data)}</h3>
      <Quorum request={found.data} />
    </>
  )
}

/** The decisions that a step waits for, made where one sees what they are about. */
export function AskedHere({ run, node }: { run: string; node: string }) {
  const found = useApi<ApprovalItemView[]>('/approvals', {
    scope: 'all',
    state: 'open',
    execution: run,
    per_page: 100,
  })
  const here = found.data?.filter((one) => one.nodeId === node) ?? []
  return (
    <>
      <ErrorBox error={found.error} />
      {here.map((one) => (
        <Asked key={one.id} id={one.id} onDecided={() => void found.refetch()} />
      ))}
    </>
  )
}
