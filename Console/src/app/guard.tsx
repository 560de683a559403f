import type { RouteComponent } from '@tanstack/react-router'
import { allItems } from './nav'
import { useMay } from './permissions'
import { NotAllowed } from './shell/NotAllowed'

/** What the pages below an address need, as the side bar has it. */
const needsOf = (path: string) =>
  allItems().find(({ href }) => href !== '/' && `${path}/`.startsWith(`${href}/`))?.needs ?? null

/** A page that asks the server for nothing that its reader may not have: without the permission it is not drawn. */
export function guarded(path: string, Page: RouteComponent): RouteComponent {
  const needs = needsOf(path)
  if (needs === null) return Page
  const Guarded = () => (useMay()(needs) ? <Page /> : <NotAllowed permission={needs} />)
  return Object.assign(Guarded, { preload: Page.preload })
}
