import { ActionIcon, Menu, SegmentedControl, Tooltip, useMantineColorScheme } from '@mantine/core'
import { spotlight } from '@mantine/spotlight'
import { Bell, Keyboard, LogOut, Menu as MenuIcon, Monitor, Moon, Search, Sun, User, WifiOff } from 'lucide-react'
import { useEffect, useState } from 'react'
import { queryClient, useApi } from '../../api/queries'
import type { NotificationView, OwnTenantView } from '../../api/schema.gen'
import { signOut, useSession } from '../../api/session'
import { toApiError } from '../../api/errors'
import { tellError } from '../../ui/notify'
import { SafeText } from '../../ui/SafeText'
import { Go, useGo } from '../links'
import { useIsLive, useTopic } from '../socket'
import { myZone, setZoneChoice, useZoneChoice, type ZoneChoice } from '../time'
import classes from './Shell.module.css'

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

function SchemeItems() {
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  const choices = [
    ['light', 'Light', Sun],
    ['dark', 'Dark', Moon],
    ['auto', 'As the system', Monitor],
  ] as const
  return choices.map(([value, label, Icon]) => (
    <Menu.Item
      key={value}
      leftSection={<Icon size={15} aria-hidden />}
      aria-current={colorScheme === value || undefined}
      className={classes.menuItem}
      onClick={() => setColorScheme(value)}
    >
      {label}
    </Menu.Item>
  ))
}

function UserMenu({ onHelp }: { onHelp: () => void }) {
  const { me } = useSession()
  const go = useGo()
  const leave = () => {
    queryClient.clear()
    signOut().catch((error: unknown) => tellError(toApiError(error)))
  }
  const name = me?.name ?? ''
  return (
    <Menu>
      <Menu.Target>
        <button type="button" className={classes.user} aria-label={`Account of ${name}`}>
          {name.charAt(0).toUpperCase() || '?'}
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          <SafeText most={40}>{name}</SafeText>
        </Menu.Label>
        <Menu.Item leftSection={<User size={15} aria-hidden />} onClick={() => go('/me')}>
          My account
        </Menu.Item>
        <Menu.Item leftSection={<Keyboard size={15} aria-hidden />} onClick={onHelp}>
          Keys
        </Menu.Item>
        <Menu.Divider />
        <SchemeItems />
        <Menu.Divider />
        <Menu.Item leftSection={<LogOut size={15} aria-hidden />} onClick={leave}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}

export function Header({ onMenu, onHelp }: { onMenu: () => void; onHelp: () => void }) {
  const tenant = useApi<OwnTenantView>('/tenant', undefined, { staleTime: 300_000 })
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
      {tenant.data && (
        <span className={classes.tenant}>
          <SafeText most={32}>{tenant.data.name}</SafeText>
        </span>
      )}
      <button type="button" className={classes.search} onClick={() => spotlight.open()}>
        <Search size={14} aria-hidden />
        <span>Search or go to…</span>
        <kbd>Ctrl K</kbd>
      </button>
      <div className={classes.tools}>
        <LiveNote />
        {myZone() !== 'UTC' && (<SegmentedControl
          size="xs"
          className={classes.zone}
          aria-label="Time zone of what is shown"
          value={zone}
          onChange={(value) => setZoneChoice(value as ZoneChoice)}
          data={[
            { value: 'mine', label: myZone().split('/').at(-1)?.replaceAll('_', ' ') ?? 'Mine' },
            { value: 'utc', label: 'UTC' },
          ]}
        />)}
        <UnreadBell />
        <UserMenu onHelp={onHelp} />
      </div>
    </header>
  )
}
