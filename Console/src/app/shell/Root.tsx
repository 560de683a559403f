import { Outlet, useLocation } from '@tanstack/react-router'
import { lazy, Suspense, useEffect } from 'react'
import { useApi } from '../../api/queries'
import type { ProfileView } from '../../api/schema.gen'
import { useSession } from '../../api/session'
import { PanelBoundary } from '../../ui/PanelBoundary'
import { OPEN_PATHS } from '../pages'
import { setProfileZone } from '../time'
import classes from './Shell.module.css'
import { Shell } from './Shell'

const LoginPage = lazy(() => import('../../features/auth/LoginPage'))

/** Who is not signed in sees the login at whatever address they opened, and then the page that they asked for. */
export function Root() {
  const { status, me } = useSession()
  const { pathname } = useLocation()
  const profile = useApi<ProfileView>(status === 'in' && me?.type === 'user' ? '/users/me' : null)
  useEffect(() => setProfileZone(profile.data?.timeZone ?? null), [profile.data?.timeZone])
  if (OPEN_PATHS.some((pattern) => pattern.test(pathname))) {
    return (
      <PanelBoundary resetOn={pathname}>
        <Outlet />
      </PanelBoundary>
    )
  }
  if (status === 'starting') {
    return (
      <div className={classes.splash} role="status">
        <span className="visually-hidden">Signing in</span>
      </div>
    )
  }
  if (status === 'anonymous') {
    return (
      <Suspense fallback={null}>
        <LoginPage />
      </Suspense>
    )
  }
  return <Shell />
}
