import type { LucideIcon } from 'lucide-react'
import type { ReactNode } from 'react'
import classes from './boxes.module.css'

interface Props {
  icon?: LucideIcon
  title: string
  children?: ReactNode
  action?: ReactNode
}

/** One sentence on what would be here, and the act that makes the first. */
export function EmptyState({ icon: Icon, title, children, action }: Props) {
  return (
    <div className={classes.empty}>
      {Icon && (
        <span className={classes.emptyIcon}>
          <Icon size={22} aria-hidden />
        </span>
      )}
      <p className={classes.emptyTitle}>{title}</p>
      {children && <div className={classes.emptyText}>{children}</div>}
      {action}
    </div>
  )
}

/** Rows that hold the place of what is being read. */
export function Waiting({ rows = 6 }: { rows?: number }) {
  return (
    <div className={classes.waiting} role="status">
      <span className="visually-hidden">Loading</span>
      {Array.from({ length: rows }, (_, index) => (
        <span key={index} className={classes.bone} data-width={index % 4} />
      ))}
    </div>
  )
}
