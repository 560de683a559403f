import { Select } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useState } from 'react'
import { useApi } from '../api/queries'
import type { UserView } from '../api/schema.gen'
import { useMay } from '../app/permissions'
import { safeText } from './safe'

interface Props {
  label: string
  value: string | null
  onChange: (id: string | null) => void
}

/** Finds a person by the beginning of the name. Who may not list people types an id. */
export function PersonPicker({ label, value, onChange }: Props) {
  const may = useMay()
  const [typed, setTyped] = useState('')
  const [asked] = useDebouncedValue(typed, 250)
  const people = useApi<UserView[]>(may('users.read') ? '/users' : null, {
    active: true,
    per_page: 50,
    name: asked || undefined,
  })
  const data = (people.data ?? []).map((one) => ({
    value: one.id,
    label: safeText(`${one.name} (${one.email})`).slice(0, 100),
  }))
  return (
    <Select
      label={label}
      searchable
      required
      data={data}
      value={value}
      onChange={onChange}
      onSearchChange={(text) => setTyped(data.some((one) => one.label === text) ? '' : text)}
      nothingFoundMessage={
        may('users.read') ? 'Nobody of this name' : 'You need the permission users.read to choose a person.'
      }
    />
  )
}
