import { Zap } from 'lucide-react'
import { useApi } from '../../api/queries'
import type { ScheduleItem, WorkflowView } from '../../api/schema.gen'
import { useSession } from '../../api/session'
import { Go } from '../../app/links'
import { useMay } from '../../app/permissions'
import { EmptyState } from '../../ui/EmptyState'
import { Panel } from '../../ui/Page'
import { safeText } from '../../ui/safe'
import { SafeText } from '../../ui/SafeText'
import { StatusText, Tag } from '../../ui/StatusText'
import { TimeText } from '../../ui/TimeText'
import { text } from './text'
import classes from './Workflows.module.css'

interface Trigger {
  id?: string
  type?: string
  eventType?: string
  condition?: string
  cron?: string
  timeZone?: string
  path?: string
}

const webhookAddress = (slug: string, path = '') => `${location.origin}/api/v1/webhooks/${slug}/${safeText(path)}`

/** What starts the workflow: triggers of its definition, and schedules that stand by themselves. */
export function TriggersTab({ workflow }: { workflow: WorkflowView }) {
  const may = useMay()
  const { me } = useSession()
  const schedules = useApi<ScheduleItem[]>(may('schedules.read') ? '/schedules' : null, {
    workflow: workflow.id,
    per_page: 100,
  })
  const raw = (workflow.definition as { triggers?: unknown } | null)?.triggers
  const triggers = Array.isArray(raw) ? (raw as Trigger[]) : []
  const standing = (schedules.data ?? []).filter((one) => one.triggerId === null)
  if (triggers.length === 0 && standing.length === 0) {
    return (
      <Panel>
        <EmptyState icon={Zap} title={text.noTriggers}>
          {text.noTriggersText}
        </EmptyState>
      </Panel>
    )
  }
  return (
    <>
      {triggers.length > 0 && (
        <Panel title="Of the definition" flush>
          {triggers.map((trigger, index) => {
            const schedule = schedules.data?.find((one) => one.triggerId === trigger.id)
            return (
              <div key={trigger.id ?? index} className={classes.trigger}>
                <div className={classes.triggerHead}>
                  <Tag tone="run">{trigger.type}</Tag>
                  <SafeText>{trigger.id}</SafeText>
                </div>
                <span>
                  {trigger.eventType && <code>{safeText(trigger.eventType)}</code>}
                  {trigger.cron && (
                    <code>
                      {safeText(trigger.cron)} {safeText(trigger.timeZone ?? '')}
                    </code>
                  )}
                  {trigger.type === 'webhook' && me && <code>{webhookAddress(me.tenantSlug, trigger.path)}</code>}
                </span>
                {trigger.condition && <code className={classes.dim}>{safeText(trigger.condition)}</code>}
                {schedule && (
                  <span className={classes.dim}>
                    Next: <TimeText at={schedule.nextFireAt} none="never" />
                  </span>
                )}
              </div>
            )
          })}
        </Panel>
      )}
      {standing.length > 0 && (
        <Panel title="Schedules" flush>
          {standing.map((one) => (
            <div key={one.id} className={classes.trigger}>
              <div className={classes.triggerHead}>
                <Go href={`/schedules?open=${one.id}`}>
                  <SafeText>{one.name}</SafeText>
                </Go>
                <StatusText status={one.enabled ? 'enabled' : 'disabled'} label={one.enabled ? 'On' : 'Off'} />
              </div>
              <span className={classes.dim}>
                <code>{one.timing.cron ?? one.timing.at ?? `every ${one.timing.intervalSeconds} s`}</code> next{' '}
                <TimeText at={one.nextFireAt} none="never" />
              </span>
            </div>
          ))}
        </Panel>
      )}
    </>
  )
}
