import {
  Ban,
  CircleCheck,
  CircleDashed,
  CircleDot,
  CirclePause,
  CircleX,
  Clock,
  Hand,
  Hourglass,
  type LucideIcon,
  TimerOff,
} from 'lucide-react'
import classes from './StatusText.module.css'

export type Tone = 'ok' | 'bad' | 'run' | 'wait' | 'hold' | 'pause' | 'idle'

interface Look {
  tone: Tone
  icon: LucideIcon
  word: string
}

const look = (tone: Tone, icon: LucideIcon, word: string): Look => ({ tone, icon, word })

/** One colour, icon and word for each status, here and nowhere else. Words are those of the API. */
const LOOKS: Record<string, Look> = {
  queued: look('idle', CircleDashed, 'Queued'),
  running: look('run', CircleDot, 'Running'),
  waiting: look('wait', Hourglass, 'Waiting'),
  paused: look('pause', CirclePause, 'Paused'),
  held: look('hold', Hand, 'Held'),
  completed: look('ok', CircleCheck, 'Completed'),
  failed: look('bad', CircleX, 'Failed'),
  cancelled: look('idle', Ban, 'Cancelled'),
  timed_out: look('bad', TimerOff, 'Timed out'),
  pending: look('idle', CircleDashed, 'Pending'),
  open: look('wait', Hourglass, 'Open'),
  approved: look('ok', CircleCheck, 'Approved'),
  rejected: look('bad', CircleX, 'Rejected'),
  expired: look('idle', TimerOff, 'Expired'),
  active: look('ok', CircleCheck, 'Active'),
  inactive: look('idle', Ban, 'Inactive'),
  enabled: look('ok', CircleCheck, 'Enabled'),
  disabled: look('idle', Ban, 'Disabled'),
  skipped: look('idle', Ban, 'Skipped'),
  scheduled: look('run', Clock, 'Scheduled'),
  revoked: look('idle', Ban, 'Revoked'),
  accepted: look('ok', CircleCheck, 'Accepted'),
  succeeded: look('ok', CircleCheck, 'Succeeded'),
  matched: look('ok', CircleCheck, 'Matched'),
  redriven: look('ok', CircleCheck, 'Redriven'),
  discarded: look('idle', Ban, 'Discarded'),
  delivered: look('ok', CircleCheck, 'Delivered'),
  sent: look('ok', CircleCheck, 'Sent'),
  suspended: look('hold', Hand, 'Suspended'),
  closed: look('idle', Ban, 'Closed'),
  resolved: look('ok', CircleCheck, 'Resolved'),
}

const spoken = (status: string) => {
  const words = status.replaceAll('_', ' ').replace(/([a-z])([A-Z])/g, '$1 $2')
  return words.charAt(0).toUpperCase() + words.slice(1).toLowerCase()
}

export const statusLook = (status: string): Look =>
  Object.hasOwn(LOOKS, status) ? (LOOKS[status] as Look) : look('idle', CircleDot, spoken(status))

export function StatusText({ status, label }: { status: string; label?: string }) {
  const { tone, icon: Icon, word } = statusLook(status)
  return (
    <span className={classes.status} data-tone={tone}>
      <Icon size={15} strokeWidth={2.1} aria-hidden className={classes.icon} />
      <span className={classes.word}>{label ?? word}</span>
    </span>
  )
}

/** A small labelled mark for kinds and tags; the colour only repeats what the word says. */
export function Tag({ children, tone = 'idle' }: { children: React.ReactNode; tone?: Tone }) {
  return (
    <span className={classes.tag} data-tone={tone}>
      {children}
    </span>
  )
}
