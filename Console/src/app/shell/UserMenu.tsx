import { Menu, useMantineColorScheme } from '@mantine/core'
import { Keyboard, LogOut, Monitor, Moon, Sun, User } from 'lucide-react'
import { toApiError } from '../../api/errors'
import { queryClient } from '../../api/queries'
import { signOut, useSession } from '../../api/session'
import { tellError } from '../../ui/notify'
import { SafeText } from '../../ui/SafeText'
import { useGo } from '../links'
import classes from './Shell.module.css'

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

/** Opened as it appears: the click that loaded it asked for it. */
export default function UserMenu({ onHelp }: { onHelp: () => void }) {
  const { me } = useSession()
  const go = useGo()
  const leave = () => {
    queryClient.clear()
    signOut().catch((error: unknown) => tellError(toApiError(error)))
  }
  const name = me?.name ?? ''
  return (
    <Menu defaultOpened>
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
