import { Alert, Drawer, Stack } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { lazy, Suspense, useMemo } from 'react'
import { send } from '../../api/client'
import { useApi } from '../../api/queries'
import type { ApiError } from '../../api/errors'
import type { CalendarItem, JobView, PreviewView, ScheduleItem } from '../../api/schema.gen'
import { useMay } from '../../app/permissions'
import { ErrorBox } from '../../ui/ErrorBox'
import type { Field, Values } from '../../ui/fields'
import { FieldsForm } from '../../ui/FormDrawer'
import { safeText } from '../../ui/safe'
import { TimeText } from '../../ui/TimeText'
import { useWorkflowNames } from '../../ui/useWorkflowNames'
import classes from './Schedules.module.css'
import { text } from './text'
import { TIMING_FIELDS, timingOf, timingValues } from './timing'

const CronWords = lazy(() => import('./CronWords'))

/** `Mon 2026-12-28 02:30 +01:00`: seconds are left out where they say nothing. */
const localText = (local: string) => local.replace('T', ' ').replace(/(\d\d:\d\d)(:\d\d)?([+-]\d\d:\d\d)$/, spaced)

const spaced = (_: string, time: string, seconds: string | undefined, offset: string) =>
  `${time}${seconds === ':00' ? '' : (seconds ?? '')} ${offset}`

function Preview({ values }: { values: Values }) {
  const key = JSON.stringify(timingOf(values))
  const [asked] = useDebouncedValue(key, 400)
  const found = useQuery<PreviewView, ApiError>({
    queryKey: ['/schedules/preview', asked],
    queryFn: async () =>
      (
        await send<PreviewView>('POST', '/schedules/preview', {
          body: { timing: JSON.parse(asked) as unknown, count: 10 },
        })
      ).data,
    retry: false,
  })
  const fires = found.data?.fires ?? []
  const offsets = new Set(fires.map((fire) => fire.local.slice(-6)))
  return (
    <section className={classes.preview} aria-label={text.preview}>
      {values.kind === 'cron' && typeof values.cron === 'string' && (
        <Suspense fallback={null}>
          <CronWords cron={values.cron} />
        </Suspense>
      )}
      <strong>{text.preview}</strong>
      <ErrorBox error={found.error} />
      <ol className={classes.fires}>
        {fires.map((fire) => (
          <li key={fire.at} className={classes.fire}>
            <span>{localText(fire.local)}</span>
            <span className={classes.dim}>
              <TimeText at={fire.at} detail="minute" />
            </span>
          </li>
        ))}
      </ol>
      {offsets.size > 1 && <Alert color="yellow">{text.dst}</Alert>}
    </section>
  )
}

function useFields(): Field[] {
  const may = useMay()
  const workflows = useWorkflowNames()
  const jobs = useApi<JobView[]>(may('workflows.read') ? '/jobs' : null, { per_page: 100 })
  const calendars = useApi<CalendarItem[]>('/calendars', { per_page: 100 })
  return useMemo(
    () => [
      { name: 'name', label: 'Name', required: true },
      {
        name: 'workflowId',
        label: 'Workflow',
        kind: 'select',
        options: workflows.options,
        when: (values) => !values.jobId,
      },
      {
        name: 'jobId',
        label: 'Or a job',
        kind: 'select',
        options: (jobs.data ?? []).map((job) => ({ value: job.id, label: safeText(job.name).slice(0, 60) })),
        when: (values) => !values.workflowId,
      },
      ...TIMING_FIELDS.map((field) =>
        field.name === 'calendarId'
          ? {
              ...field,
              options: (calendars.data ?? []).map((one) => ({ value: one.id, label: safeText(one.name).slice(0, 60) })),
            }
          : field,
      ),
      { name: 'input', label: 'Input', kind: 'json', standard: '{}' },
      { name: 'description', label: 'Description', kind: 'textarea' },
      { name: 'enabled', label: 'On', kind: 'switch', standard: true },
    ],
    [workflows.options, jobs.data, calendars.data],
  )
}

/** Makes or changes a schedule; what the settings would do is shown while they are written. */
export function ScheduleForm({ item, close }: { item: ScheduleItem | null; close: () => void }) {
  const all = useFields()
  const fields = item ? all.filter((field) => field.name !== 'workflowId' && field.name !== 'jobId') : all
  return (
    <Drawer opened onClose={close} title={item ? item.name : 'New schedule'} size={520}>
      <Stack>
        {item?.triggerId && <p>{text.ofDefinition}</p>}
        {!item?.triggerId && (
          <FieldsForm
            fields={fields}
            initial={item ? { ...item, ...timingValues(item.timing) } : {}}
            act={item ? 'Save' : 'Create'}
            touches={['/schedules']}
            onCancel={close}
            onDone={close}
            run={({ name, description, input, enabled, workflowId, jobId, ...values }) => {
              const body = { name, description, input, enabled, timing: timingOf(values) }
              return item
                ? send('PATCH', `/schedules/${item.id}`, { body, ifMatch: item.version })
                : send('POST', '/schedules', { body: { ...body, workflowId, jobId } })
            }}
          >
            {(values) => <Preview values={values} />}
          </FieldsForm>
        )}
      </Stack>
    </Drawer>
  )
}
