import { Modal } from '@mantine/core'
import { useMemo } from 'react'
import { send } from '../../api/client'
import type { ExecutionView, RerunView } from '../../api/schema.gen'
import { useGo } from '../../app/links'
import type { Field } from '../../ui/fields'
import { FieldsForm } from '../../ui/FormDrawer'
import type { GraphModel } from '../../ui/graph/model'
import { safeText } from '../../ui/safe'
import { text } from './text'

interface Props {
  run: ExecutionView
  model: GraphModel
  node?: string
  close: () => void
}

export function RerunDialog({ run, model, node, close }: Props) {
  const go = useGo()
  const fields = useMemo((): Field[] => {
    const top = model.nodes.filter((one) => one.parent === null)
    return [
      {
        name: 'fromNode',
        label: 'From the step',
        kind: 'select',
        help: 'From the start when none is chosen.',
        options: top.map((one) => ({ value: one.id, label: safeText(one.name).slice(0, 80) })),
        standard: top.some((one) => one.id === node) ? node : undefined,
      },
      {
        name: 'version',
        label: 'Version',
        kind: 'select',
        required: true,
        standard: 'same',
        options: [
          { value: 'same', label: `The same (${run.version})` },
          { value: 'published', label: 'The published one' },
          { value: 'draft', label: 'The draft' },
        ],
      },
      { name: 'input', label: 'Input', kind: 'json', standard: JSON.stringify(run.input, null, 2) },
      {
        name: 'overrides',
        label: 'Outputs instead of those recorded',
        kind: 'json',
        help: text.overrides,
      },
      { name: 'reason', label: 'Reason', kind: 'textarea' },
    ]
  }, [model, node, run])
  return (
    <Modal opened onClose={close} title="Run again" size="lg">
      <p>{text.rerunText}</p>
      <FieldsForm
        fields={fields}
        act="Run again"
        touches={['/executions']}
        onCancel={close}
        run={async (body) => {
          const { data } = await send<RerunView>('POST', `/executions/${run.id}/rerun`, { body })
          close()
          go(`/executions/${run.id}/compare/${data.id}`)
        }}
      />
    </Modal>
  )
}
