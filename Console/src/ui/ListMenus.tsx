import ColumnChoice, { type Choice } from './ColumnChoice'
import SavedViews from './SavedViews'

interface Props {
  list: string
  path: string
  columns?: Choice[]
}

export default function ListMenus({ list, path, columns }: Props) {
  return (
    <>
      {columns && columns.length > 1 && <ColumnChoice list={list} columns={columns} />}
      <SavedViews list={list} path={path} />
    </>
  )
}
