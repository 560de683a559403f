import { ActionIcon } from '@mantine/core'
import { ChevronLeft, ChevronRight } from 'lucide-react'
import { useMemo, useState } from 'react'
import { serverNow } from '../../api/client'
import { useApi } from '../../api/queries'
import { Go } from '../../app/links'
import { offsetMinutes, useZone } from '../../app/time'
import { Waiting } from '../../ui/EmptyState'
import { ErrorBox } from '../../ui/ErrorBox'
import { Panel } from '../../ui/Page'
import { safeText } from '../../ui/safe'
import classes from './Schedules.module.css'

const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']
const DAY_MS = 86_400_000

interface Fire {
  at: string
  scheduleId: string
  name: string
}

interface Fires {
  capped: boolean
  fires: Fire[]
}

const dayOf = (at: string, zone: string) => {
  const moment = new Date(at)
  return new Date(moment.getTime() + offsetMinutes(moment, zone) * 60_000).toISOString().slice(0, 10)
}

const clockOf = (at: string, zone: string) =>
  new Intl.DateTimeFormat('en-GB', { timeZone: zone, hour: '2-digit', minute: '2-digit' }).format(new Date(at))

/** A month of starts to come, as the server works them out: with calendars and changes of the clock. */
export function FireCalendar() {
  const zone = useZone()
  const [month, setMonth] = useState(0)
  const now = useMemo(() => new Date(serverNow()), [])
  const first = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + month, 1))
  const next = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 1))
  // A day more on both sides: which day a start lies on depends on the zone.
  const coming = useApi<Fires>('/schedules/fires', {
    from: new Date(Math.max(first.getTime() - DAY_MS, now.getTime())).toISOString(),
    to: new Date(next.getTime() + DAY_MS).toISOString(),
  })
  if (coming.isLoading) return <Waiting />
  const byDay = new Map<string, Fire[]>()
  for (const fire of coming.data?.fires ?? []) {
    const day = dayOf(fire.at, zone)
    byDay.set(day, [...(byDay.get(day) ?? []), fire])
  }
  const blanks = (first.getUTCDay() + 6) % 7
  const length = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0)).getUTCDate()
  const days = Array.from({ length }, (_, index) =>
    new Date(first.getTime() + index * DAY_MS).toISOString().slice(0, 10),
  )
  const today = dayOf(now.toISOString(), zone)
  return (
    <Panel
      title={first.toLocaleDateString('en-GB', { month: 'long', year: 'numeric', timeZone: 'UTC' })}
      actions={
        <>
          <ActionIcon aria-label="Month before" disabled={month === 0} onClick={() => setMonth(month - 1)}>
            <ChevronLeft size={16} aria-hidden />
          </ActionIcon>
          <ActionIcon aria-label="Next month" onClick={() => setMonth(month + 1)}>
            <ChevronRight size={16} aria-hidden />
          </ActionIcon>
        </>
      }
    >
      <ErrorBox error={coming.error} />
      <p className={classes.dim}>
        Times in {zone}.
        {coming.data?.capped &&
          ' There are more starts than a calendar shows: those of each schedule are on its own page.'}
      </p>
      <ol className={classes.month}>
        {DAYS.map((day) => (
          <li key={day} className={classes.weekday} aria-hidden>
            {day}
          </li>
        ))}
        {Array.from({ length: blanks }, (_, index) => (
          <li key={index} className={classes.blank} aria-hidden />
        ))}
        {days.map((day) => {
          const fires = (byDay.get(day) ?? []).sort((a, b) => a.at.localeCompare(b.at))
          return (
            <li
              key={day}
              className={classes.day}
              data-today={day === today || undefined}
              data-empty={fires.length === 0 || undefined}
            >
              <time dateTime={day}>{Number(day.slice(8))}</time>
              {fires.slice(0, 4).map((fire) => (
                <Go
                  key={fire.at + fire.scheduleId}
                  href={`/schedules?open=${fire.scheduleId}`}
                  className={classes.start}
                >
                  {clockOf(fire.at, zone)} {safeText(fire.name).slice(0, 40)}
                </Go>
              ))}
              {fires.length > 4 && <span className={classes.dim}>{fires.length - 4} more</span>}
            </li>
          )
        })}
      </ol>
    </Panel>
  )
}
