import { Button, Group } from '@mantine/core'
import { ExternalLink } from 'lucide-react'
import { Go } from '../../../app/links'
import { useApi } from '../../../api/queries'
import type { ExecutionView, StepItem } from '../../../api/schema.gen'
import { JsonView } from '../../../ui/JsonView'
import { StatusText } from '../../../ui/StatusText'
import { Duration, TimeText } from '../../../ui/TimeText'
import { useActs } from './acts'
import { useEditorContext, useView } from './context'
import { classes } from './classes'
import { text } from './text'
import { isOpen } from './useTest'

type Step = StepItem & { origin?: string | null }

function Steps({ id, isOver }: { id: string; isOver: boolean }) {
  const acts = useActs()
  const { view } = useEditorContext()
  const steps = useApi<Step[]>(
    `/executions/${id}/steps`,
    { per_page: 100 },
    { keep: true, every: isOver ? false : 1000 },
  )
  return (
    <ol className={classes.problems}>
      {(steps.data ?? []).map((step) => (
        <li key={`${step.nodeId}#${step.iteration}#${step.attempt}`}>
          <button
            type="button"
            className={classes.problem}
            onClick={() => {
              acts.open(step.nodeId)
              view.setState({ tab: 'output' })
            }}
          >
            <StatusText status={step.status} />
            <span>
              {acts.nameOf(step.nodeId)}{' '}
              {step.iteration && <span className={classes.quiet}>round {step.iteration}</span>}{' '}
              {step.origin && <span className={classes.quiet}>{step.origin}</span>}
            </span>
            <Duration ms={step.durationMs} />
          </button>
        </li>
      ))}
    </ol>
  )
}

/** The last test of this window: what ran, how it ended, and its result. */
export function TestPanel() {
  const { view } = useEditorContext()
  const test = useView((state) => state.test)
  const isOver = test !== null && !isOpen(test.status)
  const run = useApi<ExecutionView>(
    test ? `/executions/${test.id}` : null,
    { steps: 'none' },
    { keep: false, every: isOver ? false : 1000 },
  )
  if (!test) {
    return (
      <Group gap="sm">
        <span className={classes.hint}>No test yet in this window.</span>
        <Button
          size="compact-sm"
          variant="default"
          onClick={() => view.setState({ popup: { kind: 'test', upTo: null, only: null } })}
        >
          {text.test}
        </Button>
      </Group>
    )
  }
  return (
    <div className={classes.test}>
      <Group gap="sm">
        <StatusText status={test.status} />
        <TimeText at={test.startedAt} />
        <Go href={`/executions/${test.id}`}>
          <ExternalLink size={13} aria-hidden /> Open the run
        </Go>
      </Group>
      <div className={classes.pair}>
        <Steps id={test.id} isOver={isOver} />
        {run.data?.error !== null && run.data?.error !== undefined && (
          <JsonView label="Error of the test" value={run.data.error} />
        )}
        {run.data?.output !== null && run.data?.output !== undefined && (
          <JsonView label="Result of the test" value={run.data.output} />
        )}
      </div>
    </div>
  )
}
