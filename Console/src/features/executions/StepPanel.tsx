import { Button, CloseButton, Group, Select } from '@mantine/core'
import { useApi } from '../../api/queries'
import type { NextFailedView, NodeSummary, StepItem, StepView } from '../../api/schema.gen'
import { get } from '../../api/client'
import { toApiError } from '../../api/errors'
import { useMay } from '../../app/permissions'
import { Waiting } from '../../ui/EmptyState'
import { ErrorBox } from '../../ui/ErrorBox'
import { JsonView, StoredValue } from '../../ui/JsonView'
import { Facts, Panel } from '../../ui/Page'
import { SafeText } from '../../ui/SafeText'
import { StatusText } from '../../ui/StatusText'
import { tellError } from '../../ui/notify'
import { Duration, TimeText } from '../../ui/TimeText'
import { AskedHere } from './AskedHere'
import classes from './Run.module.css'

interface Props {
  id: string
  node: string
  iteration?: string
  attempt?: string
  name: string
  summary?: NodeSummary
  isApproval?: boolean
  onChange: (patch: Record<string, string | null>) => void
  close: () => void
}

const keyOf = (step: StepItem) => `${step.iteration}#${step.attempt}`
const labelOf = (step: StepItem) =>
  [step.iteration && `Round ${step.iteration.replaceAll('/', ' › ')}`, `attempt ${step.attempt}: ${step.status}`]
    .filter(Boolean)
    .join(', ')

/** One step: what it answered or failed for, and how long it took. */
export function StepPanel({ id, node, iteration, attempt, name, summary, isApproval, onChange, close }: Props) {
  const may = useMay()
  const path = `/executions/${id}`
  const steps = useApi<StepItem[]>(`${path}/steps`, { node, per_page: 100 }, { keep: false })
  const known = steps.data ?? []
  const wanted =
    known.find(
      (step) =>
        step.iteration === (iteration ?? step.iteration) && String(step.attempt) === (attempt ?? String(step.attempt)),
    ) ?? known.at(-1)
  const at = iteration !== undefined && attempt !== undefined ? { iteration, attempt: Number(attempt) } : wanted
  const query = at && { node, ...(at.iteration ? { iteration: at.iteration } : {}), attempt: at.attempt }
  const step = useApi<StepView>(query ? `${path}/steps/one` : null, query, { keep: false })
  const item = known.find((one) => one.iteration === at?.iteration && one.attempt === at?.attempt)
  const nextFailed = async () => {
    try {
      const after = at?.iteration || undefined
      const { next } = await get<NextFailedView>(`${path}/nodes/${encodeURIComponent(node)}/failed`, { after })
      if (next) onChange({ iteration: next.iteration, attempt: String(next.attempt) })
      else onChange({ iteration: null, attempt: null })
    } catch (error) {
      tellError(toApiError(error))
    }
  }
  return (
    <Panel
      title={<SafeText most={60}>{name}</SafeText>}
      actions={
        <>
          {step.data && <StatusText status={step.data.status} />}
          <CloseButton size="sm" aria-label="Close the step" onClick={close} />
        </>
      }
    >
      <div className={classes.stepBody}>
        {known.length > 1 && (
          <Group gap="xs" wrap="nowrap">
            <Select
              size="xs"
              flex={1}
              aria-label="Attempt"
              data={known.map((one) => ({ value: keyOf(one), label: labelOf(one) }))}
              value={at ? `${at.iteration}#${at.attempt}` : null}
              searchable={known.length > 10}
              onChange={(value) => {
                const [round = '', number = ''] = (value ?? '').split('#')
                onChange({ iteration: round || null, attempt: number || null })
              }}
            />
            {(summary?.failed ?? 0) > 0 && (
              <Button size="compact-xs" variant="default" onClick={() => void nextFailed()}>
                Next failed of {summary?.failed.toLocaleString('en')}
              </Button>
            )}
          </Group>
        )}
        {isApproval && (summary?.waiting ?? 0) > 0 && may('approvals.read') && <AskedHere run={id} node={node} />}
        <ErrorBox error={steps.error ?? step.error} />
        {steps.isLoading && <Waiting rows={3} />}
        {steps.data?.length === 0 && !(isApproval && (summary?.waiting ?? 0) > 0) && (
          <p className={classes.dim}>
            {(summary?.waiting ?? 0) > 0 ? 'It waits, and has recorded nothing yet.' : 'It has not run.'}
          </p>
        )}
        {step.data && (
          <>
            <Facts
              items={[
                ['Type', step.data.nodeType],
                ['Took', <Duration key="d" ms={step.data.durationMs} />],
                ['Started', <TimeText key="t" at={step.data.startedAt} detail="millisecond" />],
                ['Left by', step.data.port ?? '–'],
                ['Read', step.data.reads.length > 0 ? step.data.reads.join(', ') : 'the input'],
                ['Attempt', `${step.data.attempt}${step.data.run > 1 ? ` of run ${step.data.run}` : ''}`],
              ]}
            />
            {step.data.error !== null && (
              <>
                <h3 className={classes.sub}>Error</h3>
                <JsonView value={step.data.error} label={`Error of ${node}`} maxHeight="26vh" />
              </>
            )}
            {item?.outputBytes !== null && item !== undefined && (
              <>
                <h3 className={classes.sub}>Output</h3>
                <StoredValue
                  key={`${node}${at?.iteration}${at?.attempt}`}
                  path={`${path}/output`}
                  query={query ?? {}}
                  label={`Output of ${node}`}
                />
              </>
            )}
            {item && item.outputBytes === null && step.data.error === null && (
              <p className={classes.dim}>This step wrote nothing.</p>
            )}
          </>
        )}
      </div>
    </Panel>
  )
}
