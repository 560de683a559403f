import { Select } from '@mantine/core'
import type { ChoiceProps } from './FilterBar'

export default function SearchableChoice({ filter, options, value, change }: ChoiceProps) {
  return (
    <Select
      aria-label={filter.label}
      placeholder={filter.label}
      size="xs"
      w={filter.width ?? 150}
      data={options}
      value={value || null}
      searchable
      clearable={value !== ''}
      clearButtonProps={{ 'aria-label': `Clear ${filter.label}` }}
      onChange={change}
    />
  )
}
