import { lazy, Suspense } from 'react'
import type { Choice } from './ColumnChoice'

// Menus come after the list: most who open one look only.
const ListMenus = lazy(() => import('./ListMenus'))

interface Props {
  /** The name by which views and columns of the list are kept. */
  list: string
  path: string
  columns?: Choice[]
}

/** What a list is shown by: views that were kept, and the choice of columns. */
export const ListTools = (props: Props) => (
  <Suspense fallback={null}>
    <ListMenus {...props} />
  </Suspense>
)
