import { Button, Menu } from '@mantine/core'
import { Columns3 } from 'lucide-react'
import { lazy, Suspense } from 'react'
import { hideColumns, useHiddenColumns } from './columns'

const SavedViews = lazy(() => import('./SavedViews'))

interface Choice {
  key: string
  title: string
}

function ColumnChoice({ list, columns }: { list: string; columns: Choice[] }) {
  const hidden = useHiddenColumns(list)
  // The first column leads to the row: it stays.
  const free = columns.slice(1)
  const toggle = (key: string) =>
    hideColumns(list, hidden.includes(key) ? hidden.filter((one) => one !== key) : [...hidden, key])
  const count = free.filter((column) => hidden.includes(column.key)).length
  return (
    <Menu closeOnItemClick={false}>
      <Menu.Target>
        <Button variant="default" size="compact-sm" leftSection={<Columns3 size={13} aria-hidden />}>
          Columns{count > 0 && ` (${count} hidden)`}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {free.map(({ key, title }) => (
          <Menu.CheckboxItem key={key} checked={!hidden.includes(key)} onChange={() => toggle(key)}>
            {title}
          </Menu.CheckboxItem>
        ))}
        <Menu.Divider />
        <Menu.Item disabled={count === 0} onClick={() => hideColumns(list, [])}>
          Show all
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}

interface Props {
  /** The name by which views and columns of the list are kept. */
  list: string
  path: string
  columns?: Choice[]
}

/** What a list is shown by: views that were kept, and the choice of columns. */
export function ListTools({ list, path, columns }: Props) {
  return (
    <>
      {columns && columns.length > 1 && <ColumnChoice list={list} columns={columns} />}
      <Suspense fallback={null}>
        <SavedViews list={list} path={path} />
      </Suspense>
    </>
  )
}
