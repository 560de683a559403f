import { Outlet, useLocation } from '@tanstack/react-router'
import { lazy, Suspense, useEffect, useRef, useState } from 'react'
import { Waiting } from '../../ui/EmptyState'
import { PanelBoundary } from '../../ui/PanelBoundary'
import { useGo } from '../links'
import { type Keys, useKeys } from '../keys'
import { allItems } from '../nav'
import { usePaletteAsked } from '../palette'
import { useMay } from '../permissions'
import { Header } from './Header'
import classes from './Shell.module.css'
import { SideBar } from './SideBar'

const CommandPalette = lazy(() => import('./CommandPalette'))
const KeyHelp = lazy(() => import('./KeyHelp'))
const NarrowMenu = lazy(() => import('./NarrowMenu'))

export function Shell() {
  const isPaletteWanted = usePaletteAsked() > 0
  const { pathname } = useLocation()
  const [isMenuOpen, setMenuOpen] = useState(false)
  const [isHelpOpen, setHelpOpen] = useState(false)
  const main = useRef<HTMLElement>(null)
  const go = useGo()
  const may = useMay()
  useEffect(() => {
    setMenuOpen(false)
    main.current?.scrollTo(0, 0)
  }, [pathname])
  const keys: Keys = { '?': () => setHelpOpen(true) }
  for (const item of allItems()) {
    if (item.key && may(item.needs)) keys[`g ${item.key}`] = () => go(item.href)
  }
  useKeys(keys)
  return (
    <div className={classes.shell}>
      <a
        href="#main"
        className={classes.skip}
        onClick={(event) => {
          event.preventDefault()
          main.current?.focus()
        }}
      >
        Skip to content
      </a>
      <Header onMenu={() => setMenuOpen(true)} onHelp={() => setHelpOpen(true)} />
      <aside className={classes.side}>
        <SideBar />
      </aside>
      <main id="main" ref={main} tabIndex={-1} className={classes.main}>
        <PanelBoundary resetOn={pathname}>
          <Suspense fallback={<Waiting />}>
            <Outlet />
          </Suspense>
        </PanelBoundary>
      </main>
      <Suspense fallback={null}>
        {isMenuOpen && <NarrowMenu close={() => setMenuOpen(false)} />}
        {isPaletteWanted && <CommandPalette />}
        {isHelpOpen && <KeyHelp opened close={() => setHelpOpen(false)} />}
      </Suspense>
    </div>
  )
}
