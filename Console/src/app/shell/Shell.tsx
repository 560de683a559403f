import { Drawer } from '@mantine/core'
import { Outlet, useLocation } from '@tanstack/react-router'
import { Suspense, useEffect, useRef, useState } from 'react'
import { Waiting } from '../../ui/EmptyState'
import { PanelBoundary } from '../../ui/PanelBoundary'
import { useGo } from '../links'
import { type Keys, useKeys } from '../keys'
import { allItems } from '../nav'
import { useMay } from '../permissions'
import { CommandPalette } from './CommandPalette'
import { Header } from './Header'
import { KeyHelp } from './KeyHelp'
import classes from './Shell.module.css'
import { SideBar } from './SideBar'

export function Shell() {
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
      <a href="#main" className={classes.skip} onClick={(event) => {
        event.preventDefault()
        main.current?.focus()
      }}>
        Skip to content
      </a>
      <Header onMenu={() => setMenuOpen(true)} onHelp={() => setHelpOpen(true)} />
      <aside className={classes.side}>
        <SideBar />
      </aside>
      <Drawer opened={isMenuOpen} onClose={() => setMenuOpen(false)} position="left" size={260} title="Pages">
        <SideBar />
      </Drawer>
      <main id="main" ref={main} tabIndex={-1} className={classes.main}>
        <PanelBoundary resetOn={pathname}>
          <Suspense fallback={<Waiting />}>
            <Outlet />
          </Suspense>
        </PanelBoundary>
      </main>
      <CommandPalette />
      <KeyHelp opened={isHelpOpen} close={() => setHelpOpen(false)} />
    </div>
  )
}
