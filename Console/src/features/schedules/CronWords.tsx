import cronstrue from 'cronstrue'
import classes from './Schedules.module.css'

/** A cron expression in words. What the library cannot read is left to the server's preview to judge. */
export default function CronWords({ cron }: { cron: string }) {
  let words: string
  try {
    words = cronstrue.toString(cron, { use24HourTimeFormat: true, verbose: false })
  } catch {
    words = 'See below when it fires.'
  }
  return <span className={classes.dim}>{words}</span>
}
