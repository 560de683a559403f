import { Button, Menu } from '@mantine/core'
import { Columns3 } from 'lucide-react'
import { hideColumns, useHiddenColumns } from './columns'

export interface Choice {
  key: string
  title: string
}

/** Which columns of a list are shown. */
export default function ColumnChoice({ list, columns }: { list: string; columns: Choice[] }) {
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
