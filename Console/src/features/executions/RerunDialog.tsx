import { Modal, Select } from '@mantine/core'
import { useMemo, useState } from 'react'
import { get, send } from '../../api/client'
import { toApiError } from '../../api/errors'
import type { ExecutionView, RerunView, ValueView } from '../../api/schema.gen'
import { useGo } from '../../app/links'
import type { Field } from '../../ui/fields'
import { FieldsForm } from '../../ui/FormDrawer'
import type { GraphModel } from '../../ui/graph/model'
import { tellError } from '../../ui/notify'
import { safeText } from '../../ui/safe'
import { text } from './text'

interface Props {
  run: ExecutionView
  model: GraphModel
  node?: string
  /** Steps that have an output. */
  ran: string[]
  close: () => void
}

const LARGEST = 256 * 1024

/** Fills in what a step answered, to be changed: nobody should have to copy it from another page. */
function RecordedOutputs({ run, ran, overrides, change }: RecordedProps) {
  const [isBusy, setBusy] = useState(false)
  const add = async (node: string | null) => {
    if (!node) return
    setBusy(true)
    try {
      const value = await get<ValueView>(`/executions/${run.id}/output`, { node, limit: LARGEST })
      if (value.nextOffset !== null) throw new Error(text.outputTooLong(node))
      const before = overrides.trim() ? (JSON.parse(overrides) as Record<string, unknown>) : {}
      change(JSON.stringify({ ...before, [node]: JSON.parse(value.text) as unknown }, null, 2))
    } catch (caught) {
      tellError(toApiError(caught))
    } finally {
      setBusy(false)
    }
  }
  return (
    <Select
      size="xs"
      label="Change the recorded output of"
      placeholder={isBusy ? 'Reading…' : 'Choose a step'}
      data={ran}
      value={null}
      searchable={ran.length > 8}
      disabled={isBusy}
      onChange={(chosen) => void add(chosen)}
    />
  )
}

interface RecordedProps {
  run: ExecutionView
  ran: string[]
  overrides: string
  change: (overrides: string) => void
}

export function RerunDialog({ run, model, node, ran, close }: Props) {
  const go = useGo()
  const tops = useMemo(() => new Set(model.nodes.filter((one) => one.parent === null).map((one) => one.id)), [model])
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
      >
        {(values, change) => (
          <RecordedOutputs
            run={run}
            ran={ran.filter((one) => tops.has(one))}
            overrides={typeof values.overrides === 'string' ? values.overrides : ''}
            change={(overrides) => change({ overrides })}
          />
        )}
      </FieldsForm>
    </Modal>
  )
}
