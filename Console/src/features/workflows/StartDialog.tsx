import { Modal, SegmentedControl, Stack } from '@mantine/core'
import { useMemo, useState } from 'react'
import { send } from '../../api/client'
import type { StartView, WorkflowView } from '../../api/schema.gen'
import { useGo } from '../../app/links'
import type { Field } from '../../ui/fields'
import { FieldsForm } from '../../ui/FormDrawer'
import { schemaFields } from '../../ui/schemaFields'
import { text } from './text'

const MORE: Field[] = [
  { name: '$correlationId', label: 'Correlation id', help: 'To find the run by, as an order number.' },
  {
    name: '$priority',
    label: 'Priority',
    kind: 'select',
    options: ['low', 'normal', 'high'].map((value) => ({ value, label: value })),
  },
]

/** Asks for the input by the definition's own parameters, or as JSON, and goes to the run. */
export function StartDialog({ workflow, close }: { workflow: WorkflowView; close: () => void }) {
  const go = useGo()
  const parameters = (workflow.definition as { parameters?: unknown } | null)?.parameters
  const form = useMemo(() => schemaFields(parameters), [parameters])
  const [isJson, setJson] = useState(form === null)
  const fields: Field[] = isJson ? [{ name: '$input', label: 'Input', kind: 'json', standard: '{}' }] : (form ?? [])
  return (
    <Modal opened onClose={close} title={text.startTitle(workflow.name)} size="lg">
      <Stack gap="sm">
        {form && (
          <SegmentedControl
            aria-label="How the input is given"
            value={isJson ? 'json' : 'form'}
            onChange={(value) => setJson(value === 'json')}
            data={[
              { value: 'form', label: 'Form' },
              { value: 'json', label: 'JSON' },
            ]}
          />
        )}
        <FieldsForm
          key={isJson ? 'json' : 'form'}
          fields={[...fields, ...MORE]}
          act={text.start}
          touches={['/executions']}
          onCancel={close}
          run={async ({ $correlationId, $priority, $input, ...values }) => {
            const { data } = await send<StartView>('POST', `/workflows/${workflow.id}/execute`, {
              body: {
                input: isJson ? ($input ?? {}) : values,
                ...($correlationId ? { correlationId: $correlationId } : {}),
                ...($priority ? { priority: $priority } : {}),
              },
            })
            close()
            go(`/executions/${data.id}`)
          }}
        />
      </Stack>
    </Modal>
  )
}
