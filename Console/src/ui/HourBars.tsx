import { Button } from '@mantine/core'
import { useElementSize } from '@mantine/hooks'
import { useState } from 'react'
import { timeText, useZone } from '../app/time'
import classes from './HourBars.module.css'

export interface Bar {
  from: string
  to: string
  ok: number
  bad: number
}

const HOUR = 3_600_000
const DAY = 24 * HOUR
/** A bar that is narrower leads nowhere: who cannot aim at it uses the table, whose rows lead there too. */
const TARGET = 24

/** Fills the hours in which nothing ended, and puts days together where hours would be too many. */
export function barsOf(
  hours: { hour: string; stats: { completed: number; executions: number } }[],
  from: number,
  to: number,
): Bar[] {
  const size = to - from > 8 * DAY ? DAY : HOUR
  const first = Math.floor(from / size) * size
  const bars: Bar[] = []
  for (let at = first; at < to; at += size) {
    bars.push({ from: new Date(at).toISOString(), to: new Date(at + size).toISOString(), ok: 0, bad: 0 })
  }
  for (const { hour, stats } of hours) {
    const bar = bars[Math.floor((Date.parse(hour) - first) / size)]
    if (!bar) continue
    bar.ok += stats.completed
    bar.bad += stats.executions - stats.completed
  }
  return bars
}

/** How many ended well and badly by time; a bar leads to what it counts. */
export function HourBars({ bars, onPick, label }: { bars: Bar[]; onPick?: (bar: Bar) => void; label: string }) {
  const zone = useZone()
  const [isTable, setTable] = useState(false)
  const { ref, width } = useElementSize()
  const canAim = width / Math.max(1, bars.length) >= TARGET
  const most = Math.max(1, ...bars.map((bar) => bar.ok + bar.bad))
  const name = (bar: Bar) => `${timeText(bar.from, zone, 'minute')}: ${bar.ok} completed, ${bar.bad} did not`
  const full = bars.filter((bar) => bar.ok + bar.bad > 0)
  return (
    <figure className={classes.figure} aria-label={label}>
      {isTable ? (
        <div className={classes.scroll} tabIndex={0} role="region" aria-label={label}>
          <table className={classes.table}>
            <thead>
              <tr>
                <th>From</th>
                <th>Completed</th>
                <th>Not completed</th>
              </tr>
            </thead>
            <tbody>
              {full.map((bar) => (
                <tr key={bar.from}>
                  <td>
                    {onPick ? (
                      <Button variant="subtle" size="compact-sm" onClick={() => onPick(bar)}>
                        {timeText(bar.from, zone, 'minute')}
                      </Button>
                    ) : (
                      timeText(bar.from, zone, 'minute')
                    )}
                  </td>
                  <td>{bar.ok}</td>
                  <td>{bar.bad}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : (
        <div ref={ref} className={classes.bars}>
          {bars.map((bar) => {
            const isEmpty = bar.ok + bar.bad === 0
            const inside = (
              <>
                <span className={classes.bad} style={{ height: `${(100 * bar.bad) / most}%` }} />
                <span className={classes.ok} style={{ height: `${(100 * bar.ok) / most}%` }} />
              </>
            )
            if (isEmpty || !onPick || !canAim) {
              return (
                <span key={bar.from} className={classes.bar} title={isEmpty ? undefined : name(bar)}>
                  {isEmpty ? <span className={classes.none} /> : inside}
                </span>
              )
            }
            return (
              <button
                key={bar.from}
                type="button"
                className={classes.bar}
                title={name(bar)}
                aria-label={name(bar)}
                onClick={() => onPick(bar)}
              >
                {inside}
              </button>
            )
          })}
        </div>
      )}
      <figcaption className={classes.foot}>
        <span>{bars[0] && timeText(bars[0].from, zone, 'minute')}</span>
        <span className={classes.key}>
          <span className={classes.keyOk} aria-hidden /> completed
          <span className={classes.keyBad} aria-hidden /> failed, cancelled, timed out
        </span>
        <Button variant="subtle" size="compact-xs" onClick={() => setTable(!isTable)}>
          {isTable ? 'Show as chart' : 'Show as table'}
        </Button>
      </figcaption>
    </figure>
  )
}
