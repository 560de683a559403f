import { Tabs } from '@mantine/core'
import { ChevronRight } from 'lucide-react'
import { type ReactNode, useEffect } from 'react'
import { Go } from '../app/links'
import classes from './Page.module.css'
import { PanelBoundary } from './PanelBoundary'
import { SafeText } from './SafeText'

export interface Crumb {
  label: string
  href: string
}

interface Props {
  title: string
  /** Beside the title: a status, a version. */
  mark?: ReactNode
  sub?: ReactNode
  crumbs?: Crumb[]
  actions?: ReactNode
  tabs?: ReactNode
  children: ReactNode
  /** Fills the window and scrolls inside, as graphs and long tables want. */
  full?: boolean
}

export function Page({ title, mark, sub, crumbs, actions, tabs, children, full }: Props) {
  useEffect(() => {
    document.title = `${title.slice(0, 80)} · Workflows`
  }, [title])
  return (
    <div className={classes.page} data-full={full || undefined}>
      <div className={classes.head}>
        <div className={classes.names}>
          {crumbs && (
            <nav aria-label="Path" className={classes.crumbs}>
              {crumbs.map((crumb) => (
                <span key={crumb.href} className={classes.crumb}>
                  <Go href={crumb.href}>
                    <SafeText most={40}>{crumb.label}</SafeText>
                  </Go>
                  <ChevronRight size={13} aria-hidden />
                </span>
              ))}
            </nav>
          )}
          <div className={classes.line}>
            <h1 className={classes.title}>
              <SafeText most={120}>{title}</SafeText>
            </h1>
            {mark}
          </div>
          {sub && <div className={classes.sub}>{sub}</div>}
        </div>
        {actions && <div className={classes.actions}>{actions}</div>}
      </div>
      {tabs}
      <PanelBoundary resetOn={title}>
        <div className={classes.body}>{children}</div>
      </PanelBoundary>
    </div>
  )
}

export interface TabItem {
  value: string
  label: string
  count?: ReactNode
}

export function PageTabs({
  items,
  value,
  onChange,
  label,
}: {
  items: TabItem[]
  value: string
  onChange: (value: string) => void
  label: string
}) {
  return (
    <Tabs value={value} onChange={(next) => next && onChange(next)} className={classes.tabs} keepMounted={false}>
      <Tabs.List aria-label={label} className={classes.tabList}>
        {items.map((item) => (
          <Tabs.Tab key={item.value} value={item.value} className={classes.tab}>
            {item.label}
            {item.count !== undefined && <span className={classes.count}>{item.count}</span>}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {/* Each tab names a panel: the page's body stands for the chosen one. */}
      {items.map((item) => (
        <Tabs.Panel key={item.value} value={item.value}>
          {null}
        </Tabs.Panel>
      ))}
    </Tabs>
  )
}

export function Panel({
  title,
  actions,
  children,
  flush,
}: {
  title?: ReactNode
  actions?: ReactNode
  children: ReactNode
  flush?: boolean
}) {
  return (
    <section className={classes.panel} data-flush={flush || undefined}>
      {(title || actions) && (
        <div className={classes.panelHead}>
          {title && <h2 className={classes.panelTitle}>{title}</h2>}
          {actions && <div className={classes.actions}>{actions}</div>}
        </div>
      )}
      <PanelBoundary>
        <div className={classes.panelBody}>{children}</div>
      </PanelBoundary>
    </section>
  )
}

/** Names and values, for the head of an object. */
export function Facts({ items }: { items: [string, ReactNode][] }) {
  return (
    <dl className={classes.facts}>
      {items.map(([name, value]) => (
        <div key={name} className={classes.fact}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}
