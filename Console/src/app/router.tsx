import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  type RouteComponent,
} from '@tanstack/react-router'
import { guarded } from './guard'
import { pages } from './pages'
import { NotFound } from './shell/NotFound'
import { Root } from './shell/Root'

const root = createRootRoute({ component: Root, notFoundComponent: NotFound })

const routes = Object.entries(pages).map(([path, load]) =>
  createRoute({
    getParentRoute: () => root,
    path,
    component: guarded(path, lazyRouteComponent(load, 'default') as RouteComponent),
  }),
)

export const router = createRouter({
  routeTree: root.addChildren(routes),
  // Plain text in the address: `?status=failed`, and never JSON.
  parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch: (search) => {
    const text = new URLSearchParams(search as Record<string, string>).toString()
    return text ? `?${text}` : ''
  },
  scrollRestoration: false,
})
