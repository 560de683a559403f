import { CircleX, TriangleAlert } from 'lucide-react'
import type { ImportView } from '../../../api/schema.gen'
import { Go } from '../../../app/links'
import { SafeText } from '../../../ui/SafeText'
import classes from './Create.module.css'
import { text } from './text'

const MOST = 50

const WHERE: Record<string, string> = {
  CONNECTOR: '/connectors',
  SECRET: '/secrets',
  VARIABLE: '/variables',
  CALENDAR: '/schedules?tab=calendars',
  WORKFLOW: '/workflows',
}

/** What stands against it, each with its place in the file, and what has to be there before it runs. */
export function Missing({ found }: { found: ImportView }) {
  const { problems, missing } = found
  return (
    <>
      {problems.length > 0 && (
        <>
          <h3 className={classes.part}>
            {problems.length} {problems.length === 1 ? 'problem' : 'problems'}
          </h3>
          <ul className={classes.problems}>
            {problems.slice(0, MOST).map((one) => (
              <li key={`${one.pointer}${one.code}${one.message}`}>
                <CircleX size={14} aria-hidden className={classes.bad} />
                <span>
                  <code>{one.pointer || '/'}</code> <SafeText most={300}>{one.message}</SafeText>
                  {one.hint && <span className={classes.hint}> {one.hint}</span>}
                </span>
              </li>
            ))}
          </ul>
          {problems.length > MOST && <p className={classes.quiet}>Only the first {MOST} are shown.</p>}
        </>
      )}
      {missing.length > 0 && (
        <>
          <h3 className={classes.part}>Missing here, before it can run</h3>
          <ul className={classes.problems}>
            {missing.slice(0, MOST).map((one) => (
              <li key={`${one.type}${one.name}`}>
                <TriangleAlert size={14} aria-hidden className={classes.warn} />
                <span>
                  {text.missing[one.type] ?? one.type}{' '}
                  {WHERE[one.type] ? (
                    <Go href={WHERE[one.type] as string}>
                      <SafeText most={80}>{one.name}</SafeText>
                    </Go>
                  ) : (
                    <SafeText most={80}>{one.name}</SafeText>
                  )}
                </span>
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  )
}
