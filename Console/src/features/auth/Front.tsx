import type { ReactNode } from 'react'
import classes from './Front.module.css'

/** The page of who is not signed in. */
export function Front({ title, children }: { title: string; children: ReactNode }) {
  return (
    <main className={classes.front}>
      <div className={classes.card}>
        <div className={classes.brand}>
          <span className={classes.mark} aria-hidden />
          <span>Workflows</span>
        </div>
        <h1 className={classes.title}>{title}</h1>
        {children}
      </div>
    </main>
  )
}
