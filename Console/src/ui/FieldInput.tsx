import {
  Input,
  MultiSelect,
  NumberInput,
  PasswordInput,
  Select,
  Switch,
  TagsInput,
  Textarea,
  TextInput,
} from '@mantine/core'
import { Code } from './Code'
import type { Field } from './fields'

interface Props {
  field: Field
  value: unknown
  error?: string
  change: (value: unknown) => void
}

/** `2026-11-30T14:05` in the browser's own zone, as its input wants it. */
function localInput(value: unknown): string {
  const at = typeof value === 'string' ? new Date(value) : null
  if (!at || Number.isNaN(at.getTime())) return ''
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}

const asText = (value: unknown) => (typeof value === 'string' || typeof value === 'number' ? String(value) : '')

/** One input for each kind of field. */
export function FieldInput({ field, value, error, change }: Props) {
  const shared = {
    label: field.label,
    description: field.help,
    error,
    required: field.required,
    withAsterisk: field.required,
    readOnly: field.readOnly,
    placeholder: field.placeholder,
  }
  switch (field.kind) {
    case 'password':
      return (
        <PasswordInput
          {...shared}
          autoComplete="new-password"
          value={asText(value)}
          onChange={(event) => change(event.currentTarget.value)}
        />
      )
    case 'textarea':
      return (
        <Textarea
          {...shared}
          rows={field.rows}
          value={asText(value)}
          onChange={(event) => change(event.currentTarget.value)}
        />
      )
    case 'number':
      return (
        <NumberInput
          {...shared}
          min={field.min}
          max={field.max}
          value={typeof value === 'number' ? value : ''}
          onChange={(next) => change(typeof next === 'number' ? next : undefined)}
        />
      )
    case 'switch':
      return (
        <Switch
          label={field.label}
          description={field.help}
          error={error}
          checked={value === true}
          onChange={(event) => change(event.currentTarget.checked)}
        />
      )
    case 'select':
      return (
        <Select
          {...shared}
          data={field.options ?? []}
          searchable={(field.options?.length ?? 0) > 8}
          clearable={!field.required}
          clearButtonProps={{ 'aria-label': `Clear ${field.label}` }}
          value={asText(value) || null}
          onChange={(next) => change(next ?? undefined)}
        />
      )
    case 'multi':
      return (
        <MultiSelect
          {...shared}
          searchable
          data={field.options ?? []}
          value={(value as string[] | undefined) ?? []}
          onChange={change}
        />
      )
    case 'tags':
      return <TagsInput {...shared} value={(value as string[] | undefined) ?? []} onChange={change} />
    case 'json':
    case 'code':
      return (
        <Input.Wrapper {...shared} labelElement="div">
          <Code
            label={field.label}
            language={field.kind === 'json' ? 'json' : 'text'}
            value={asText(value)}
            minHeight="72px"
            maxHeight="40vh"
            onChange={field.readOnly ? undefined : change}
          />
        </Input.Wrapper>
      )
    case 'datetime':
      return (
        <TextInput
          {...shared}
          type="datetime-local"
          value={localInput(value)}
          onChange={(event) => {
            const at = event.currentTarget.value
            change(at ? new Date(at).toISOString() : undefined)
          }}
        />
      )
    default:
      return <TextInput {...shared} value={asText(value)} onChange={(event) => change(event.currentTarget.value)} />
  }
}
