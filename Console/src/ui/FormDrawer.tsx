import { Button, Drawer, Group, Stack } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { type FormEvent, type ReactNode, useState } from 'react'
import { type ApiError, toApiError } from '../api/errors'
import { invalidate } from '../api/queries'
import { ErrorBox } from './ErrorBox'
import { FieldInput } from './FieldInput'
import { type Field, problemsOf, readValues, startValues, type Values } from './fields'
import { tellDone } from './notify'

interface FormProps {
  fields: Field[]
  initial?: Values
  act?: string
  done?: string
  /** What lists and pages show of it is read again afterwards. */
  touches?: string[]
  run: (body: Values) => Promise<unknown>
  onDone?: () => void
  onCancel?: () => void
  children?: ReactNode | ((values: Values, change: (patch: Values) => void) => ReactNode)
}

/** A form of fields; what the API refuses is shown at the field that it names. */
export function FieldsForm({ fields, initial, act = 'Save', done, touches = [], run, ...rest }: FormProps) {
  const [values, setValues] = useState(() => startValues(fields, initial))
  const [problems, setProblems] = useState<Record<string, string>>({})
  const [error, setError] = useState<ApiError | null>(null)
  const [isBusy, setBusy] = useState(false)
  const client = useQueryClient()
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    const reading = readValues(fields, values)
    setProblems(reading.problems)
    setError(null)
    if (Object.keys(reading.problems).length > 0) return
    setBusy(true)
    try {
      await run(reading.body)
      await invalidate(client, touches)
      if (done) tellDone(done)
      rest.onDone?.()
    } catch (caught) {
      const failure = toApiError(caught)
      setProblems(problemsOf(fields, failure.details))
      setError(failure)
    } finally {
      setBusy(false)
    }
  }
  return (
    <form onSubmit={(event) => void submit(event)} noValidate>
      <Stack gap="sm">
        {fields
          .filter((field) => !field.when || field.when(values))
          .map((field) => (
            <FieldInput
              key={field.name}
              field={field}
              value={values[field.name]}
              error={problems[field.name]}
              change={(value) => setValues((before) => ({ ...before, [field.name]: value }))}
            />
          ))}
        {typeof rest.children === 'function'
          ? rest.children(values, (patch) => setValues((before) => ({ ...before, ...patch })))
          : rest.children}
        <ErrorBox error={error} />
        <Group justify="flex-end" gap="xs">
          {rest.onCancel && (
            <Button variant="default" onClick={rest.onCancel}>
              Cancel
            </Button>
          )}
          <Button type="submit" loading={isBusy}>
            {act}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

interface DrawerProps extends FormProps {
  title: string
  close: () => void
  size?: number | string
}

export function FormDrawer({ title, close, size = 460, ...form }: DrawerProps) {
  return (
    <Drawer opened onClose={close} title={title} size={size}>
      <FieldsForm
        {...form}
        onCancel={close}
        onDone={() => {
          form.onDone?.()
          close()
        }}
      />
    </Drawer>
  )
}
