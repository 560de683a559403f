import { Button, CopyButton } from '@mantine/core'
import { CircleCheck, CircleDashed, Copy, X } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { serverNow } from '../../api/client'
import { useApi } from '../../api/queries'
import { usePreferences, useRemember } from '../../api/preferences'
import type { ExecutionItem, WorkflowItem, WorkflowView } from '../../api/schema.gen'
import { useSession } from '../../api/session'
import { Go } from '../../app/links'
import { useMay } from '../../app/permissions'
import { ErrorBox } from '../../ui/ErrorBox'
import { Panel } from '../../ui/Page'
import { SafeText } from '../../ui/SafeText'
import { ScrollRegion } from '../../ui/ScrollRegion'
import { curlOf, firstOf, sampleOf, type StepName, stepsOf } from './firstSteps'
import classes from './Home.module.css'
import { text } from './text'

const FRESH_MS = 24 * 3_600_000
const LOOK_MS = 5_000

interface Found {
  workflow: WorkflowItem | null
  view: WorkflowView | undefined
  run: ExecutionItem | undefined
}

function Call({ view, canCall }: { view: WorkflowView; canCall: boolean }) {
  const { parameters } = view.definition as { parameters?: Parameters<typeof sampleOf>[0] }
  const line = curlOf(location.origin, view.id, sampleOf(parameters))
  return (
    <>
      <p>
        {text.callText} <Go href="/api-keys">{text.keys}</Go>
        {!canCall && ` ${text.publishFirst}`}
      </p>
      <ScrollRegion label="The line that calls it" className={classes.curl}>
        <pre>{line}</pre>
      </ScrollRegion>
      <CopyButton value={line}>
        {({ copied, copy }) => (
          <Button variant="default" size="compact-sm" leftSection={<Copy size={13} aria-hidden />} onClick={copy}>
            {copied ? 'Copied' : 'Copy the line'}
          </Button>
        )}
      </CopyButton>
    </>
  )
}

function actOf(name: StepName, { workflow, view, run }: Found): ReactNode {
  const edit = workflow ? `/workflows/${workflow.id}/edit` : '/workflows'
  switch (name) {
    case 'start':
      return workflow ? (
        <Go href={`/workflows/${workflow.id}`}>
          <SafeText most={60}>{workflow.name}</SafeText>
        </Go>
      ) : (
        <Go href="/workflows?new=template">{text.chooseStart}</Go>
      )
    case 'nodes':
      return workflow && <Go href={edit}>{text.openEditor}</Go>
    case 'test':
      return workflow && <Go href={edit}>{text.testThere}</Go>
    case 'publish':
      return workflow && <Go href={`/workflows/${workflow.id}?tab=versions`}>{text.openVersions}</Go>
    case 'call':
      return run ? (
        <Go href={`/executions/${run.id}`}>{text.seeRun}</Go>
      ) : (
        view && <Call view={view} canCall={view.publishedVersion !== null} />
      )
  }
}

function useFound() {
  // Tests are in no list of news: they are looked for.
  const every = LOOK_MS
  const list = useApi<WorkflowItem[]>('/workflows', { sort: '-createdAt', per_page: 100 }, { every })
  const { workflow, isPast } = firstOf(list.data ?? [])
  const id = workflow?.id
  const view = useApi<WorkflowView>(id ? `/workflows/${id}` : null, undefined, { every, keep: false })
  const canRead = useMay()('executions.read')
  const path = id && canRead ? '/executions' : null
  const tests = useApi<ExecutionItem[]>(path, { workflow: id, test: true, per_page: 1 }, { every, keep: false })
  const runs = useApi<ExecutionItem[]>(path, { workflow: id, per_page: 1 }, { every, keep: false })
  const nodes = (view.data?.definition as { nodes?: unknown[] } | undefined)?.nodes?.length ?? 0
  const run = runs.data?.[0]
  const steps = stepsOf({ workflow, nodes, hasTest: (tests.data?.length ?? 0) > 0, hasRun: run !== undefined })
  const isRead = !list.isLoading && (!path || (!tests.isLoading && !runs.isLoading)) && (!id || !view.isLoading)
  return { found: { workflow, view: view.data, run }, steps, isPast, isRead, error: list.error ?? view.error }
}

function Card() {
  const { found, steps, isPast, isRead, error } = useFound()
  const remember = useRemember()
  const [openedAt] = useState(serverNow)
  const done = steps.filter((step) => step.isDone).length
  const next = steps.find((step) => !step.isDone)?.name ?? null
  const isOld = found.workflow ? openedAt - Date.parse(found.workflow.createdAt) > FRESH_MS : false
  if (!isRead || isPast || (next === null && isOld)) return <ErrorBox error={error} />
  return (
    <Panel
      title={`${text.first}: ${done} of ${steps.length} done`}
      actions={
        <Button
          variant="subtle"
          size="compact-sm"
          leftSection={<X size={13} aria-hidden />}
          loading={remember.isPending}
          onClick={() => remember.mutate({ firstWorkflow: 'hidden' })}
        >
          {next === null ? 'Close' : 'Hide'}
        </Button>
      }
    >
      <ErrorBox error={remember.error} />
      <p className={classes.firstText}>{next === null ? text.firstDone : text.firstText}</p>
      <ol className={classes.steps}>
        {steps.map(({ name, isDone }) => {
          const Icon = isDone ? CircleCheck : CircleDashed
          return (
            <li
              key={name}
              className={classes.step}
              data-done={isDone || undefined}
              aria-current={name === next ? 'step' : undefined}
            >
              <Icon size={18} aria-hidden className={classes.stepIcon} />
              <div className={classes.stepBody}>
                <span className={classes.stepTitle}>
                  {text.steps[name].title}
                  <span className="visually-hidden">{isDone ? ', done' : ', to do'}</span>
                </span>
                {(name === next || !isDone) && <span className={classes.stepText}>{text.steps[name].text}</span>}
                {(isDone || name === next || name === 'call') && (
                  <div className={classes.stepAct}>{actOf(name, found)}</div>
                )}
              </div>
            </li>
          )
        })}
      </ol>
    </Panel>
  )
}

/** Five steps to the first workflow that runs, until they are done or a person wants them no more. */
export function FirstWorkflow() {
  const may = useMay()
  const { me } = useSession()
  const preferences = usePreferences()
  const isFor = me?.type === 'user' && may('workflows.read') && may('workflows.write')
  if (!isFor || !preferences || preferences.firstWorkflow === 'hidden') return null
  return <Card />
}
