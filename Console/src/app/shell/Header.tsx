import { ActionIcon, SegmentedControl, Tooltip } from '@mantine/core'
import { Bell, Menu as MenuIcon, Search, WifiOff } from 'lucide-react'
import { lazy, Suspense, useEffect, useState } from 'react'
import { queryClient, useApi } from '../../api/queries'
import type { NotificationView } from '../../api/schema.gen'
import { useSession } from '../../api/session'
import { SafeText } from '../../ui/SafeText'
import { Go } from '../links'
import { askPalette } from '../palette'
import { useIsLive, useTopic } from '../socket'
import { myZone, setZoneChoice, useZoneChoice, type ZoneChoice } from '../time'
import classes from './Shell.module.css'

const UserMenu = lazy(() => import('./UserMenu'))
const QUIET_MS = 5_000

function LiveNote() {
  const isLive = useIsLive()
  const [isLate, setLate] = useState(false)
  useEffect(() => {
    if (isLive) {
      setLate(false)
      return undefined
    }
    const timer = setTimeout(() => setLate(true), QUIET_MS)
    return () => clearTimeout(timer)
  }, [isLive])
  if (!isLate) return null
  return (
    <Tooltip label="News do not come by themselves now. Pages ask for them every few seconds instead.">
      <span className={classes.offline} role="status">
        <WifiOff size={14} aria-hidden />
        <span className={classes.wide}>Live updates off</span>
      </span>
    </Tooltip>
  )
}

function UnreadBell() {
  const unread = useApi<NotificationView[]>('/notifications', { unread: true, per_page: 20 }, { every: 60_000 })
  useTopic('user', () => void queryClient.invalidateQueries({ queryKey: ['/notifications'] }))
  const count = unread.data?.length ?? 0
  const name = count > 0 ? `Notifications, ${count} unread` : 'Notifications'
  return (
    <Tooltip label={name}>
      <Go href="/notifications" className={classes.bell} aria-label={name}>
        <Bell size={17} aria-hidden />
        {count > 0 && <span className={classes.dot} aria-hidden />}
      </Go>
    </Tooltip>
  )
}

/** The button is there at once; the menu comes with the first click. */
function UserButton({ onHelp }: { onHelp: () => void }) {
  const { me } = useSession()
  const [isWanted, setWanted] = useState(false)
  const name = me?.name ?? ''
  const button = (
    <button type="button" className={classes.user} aria-label={`Account of ${name}`} onClick={() => setWanted(true)}>
      {name.charAt(0).toUpperCase() || '?'}
    </button>
  )
  if (!isWanted) return button
  return (
    <Suspense fallback={button}>
      <UserMenu onHelp={onHelp} />
    </Suspense>
  )
}

export function Header({ onMenu, onHelp }: { onMenu: () => void; onHelp: () => void }) {
  const { me } = useSession()
  const zone = useZoneChoice()
  return (
    <header className={classes.header}>
      <ActionIcon className={classes.burger} aria-label="Pages" onClick={onMenu}>
        <MenuIcon size={18} aria-hidden />
      </ActionIcon>
      <Go href="/" className={classes.brand} aria-label="Home">
        <span className={classes.mark} aria-hidden />
        <span className={classes.wide}>Workflows</span>
      </Go>
      {me && (
        <span className={classes.tenant}>
          <SafeText most={32}>{me.tenantName}</SafeText>
        </span>
      )}
      <button type="button" className={classes.search} onClick={askPalette}>
        <Search size={14} aria-hidden />
        <span>Search or go to…</span>
        <kbd>Ctrl K</kbd>
      </button>
      <div className={classes.tools}>
        <LiveNote />
        {myZone() !== 'UTC' && (
          <SegmentedControl
            size="xs"
            className={classes.zone}
            aria-label="Time zone of what is shown"
            value={zone}
            onChange={(value) => setZoneChoice(value as ZoneChoice)}
            data={[
              { value: 'mine', label: myZone().split('/').at(-1)?.replaceAll('_', ' ') ?? 'Mine' },
              { value: 'utc', label: 'UTC' },
            ]}
          />
        )}
        <UnreadBell />
        <UserButton onHelp={onHelp} />
      </div>
    </header>
  )
}
