import { useLocation } from '@tanstack/react-router'
import { useApi } from '../../api/queries'
import type { ApprovalItemView } from '../../api/schema.gen'
import { Go } from '../links'
import { NAV } from '../nav'
import { useMay } from '../permissions'
import classes from './Shell.module.css'

const MOST = 99

function useWaitingForMe() {
  const may = useMay()
  const path = may('approvals.read') ? '/approvals' : null
  const found = useApi<ApprovalItemView[]>(path, { scope: 'mine', state: 'open', per_page: 100 }, { every: 60_000 })
  return found.data?.length ?? 0
}

export function SideBar() {
  const { pathname } = useLocation()
  const may = useMay()
  const waiting = useWaitingForMe()
  const isCurrent = (href: string) => (href === '/' ? pathname === '/' : `${pathname}/`.startsWith(`${href}/`))
  return (
    <nav aria-label="Pages" className={classes.nav}>
      {NAV.map((group) => {
        const items = group.items.filter((item) => may(item.needs))
        if (items.length === 0) return null
        return (
          <div key={group.label ?? 'home'} className={classes.group}>
            {group.label && <div className={classes.groupLabel}>{group.label}</div>}
            {items.map(({ href, label, icon: Icon }) => (
              <Go
                key={href}
                href={href}
                className={classes.navItem}
                aria-current={isCurrent(href) ? 'page' : undefined}
              >
                <Icon size={16} strokeWidth={1.9} aria-hidden />
                <span className={classes.navLabel}>{label}</span>
                {href === '/approvals' && waiting > 0 && (
                  <span className={classes.badge} aria-label={`${waiting} wait for you`} role="img">
                    {waiting > MOST ? `${MOST}+` : waiting}
                  </span>
                )}
              </Go>
            ))}
          </div>
        )
      })}
    </nav>
  )
}
