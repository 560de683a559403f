import { Button, CloseButton, Menu, NumberInput, Select, TagsInput, TextInput } from '@mantine/core'
import { ChevronDown, Plus, Trash2 } from 'lucide-react'
import { ScrollRegion } from '../../../../ui/ScrollRegion'
import { useActs } from '../acts'
import { useEditor, useEditorContext, useView } from '../context'
import { classes } from '../classes'
import { freeId } from '../model/operations'
import { text } from '../text'
import { JsonInput } from './JsonInput'
import { TRIGGER_TYPES, type TriggerField } from './triggers'

type Trigger = Record<string, unknown>
const asText = (value: unknown) => (typeof value === 'string' || typeof value === 'number' ? String(value) : '')

function Field({
  field,
  value,
  change,
  readOnly,
}: {
  field: TriggerField
  value: unknown
  change: (value: unknown) => void
  readOnly: boolean
}) {
  const shared = {
    label: field.label,
    description: field.help,
    placeholder: field.example,
    readOnly,
    required: field.required,
  }
  switch (field.kind) {
    case 'number':
      return (
        <NumberInput
          {...shared}
          value={typeof value === 'number' ? value : ''}
          onChange={(next) => change(next === '' ? undefined : next)}
        />
      )
    case 'choice':
      return (
        <Select
          {...shared}
          data={field.choices}
          value={asText(value) || null}
          clearable
          clearButtonProps={{ 'aria-label': `Clear ${field.label}` }}
          onChange={(next) => change(next ?? undefined)}
        />
      )
    case 'tags':
      return (
        <TagsInput
          {...shared}
          value={Array.isArray(value) ? (value as string[]) : []}
          onChange={(next) => change(next.length > 0 ? next : undefined)}
        />
      )
    case 'json':
      return (
        <div>
          <div className={classes.fieldName}>{field.label}</div>
          <JsonInput label={field.label} value={value} change={change} />
        </div>
      )
    default:
      return (
        <TextInput
          {...shared}
          value={asText(value)}
          onChange={(event) => change(event.currentTarget.value || undefined)}
        />
      )
  }
}

function TriggerCard({ trigger, index }: { trigger: Trigger; index: number }) {
  const { mayEdit } = useEditorContext()
  const acts = useActs()
  const problems = useView((state) => state.problems).filter(
    (one) => one.node === null && one.pointer.startsWith(`/triggers/${index}`),
  )
  const type = TRIGGER_TYPES[asText(trigger.type)]
  const set = (name: string, value: unknown) =>
    acts.change(
      'Change a trigger',
      (draft) => {
        const found = (draft.triggers as Trigger[] | undefined)?.[index]
        if (!found) return
        if (value === undefined) delete found[name]
        else found[name] = value
      },
      `trigger ${index} ${name}`,
    )
  return (
    <div className={classes.card} data-bad={problems.length > 0 || undefined}>
      <div className={classes.fieldHead}>
        <span className={classes.fieldName}>{type?.label ?? `Trigger of the type ${asText(trigger.type)}`}</span>
        {mayEdit && (
          <button
            type="button"
            className={classes.iconButton}
            aria-label={`Remove the trigger ${asText(trigger.id)}`}
            onClick={() =>
              acts.change('Remove a trigger', (draft) => void (draft.triggers as Trigger[]).splice(index, 1))
            }
          >
            <Trash2 size={14} aria-hidden />
          </button>
        )}
      </div>
      <TextInput
        label="Id"
        required
        readOnly={!mayEdit}
        value={asText(trigger.id)}
        onChange={(event) => set('id', event.currentTarget.value)}
      />
      {type?.fields.map((field) => (
        <Field
          key={field.name}
          field={field}
          value={trigger[field.name]}
          readOnly={!mayEdit}
          change={(value) => set(field.name, value)}
        />
      ))}
      {problems.map((problem) => (
        <div key={problem.code + problem.pointer} className={classes.fieldBad}>
          {problem.message} {problem.hint}
        </div>
      ))}
    </div>
  )
}

function Triggers() {
  const { mayEdit } = useEditorContext()
  const acts = useActs()
  const found = useEditor((state) => state.definition.triggers)
  const triggers = Array.isArray(found) ? (found as Trigger[]) : []
  const add = (type: string) =>
    acts.change('Add a trigger', (draft) => {
      const id = freeId(type, new Set(triggers.map((one) => asText(one.id))))
      draft.triggers = [...triggers, { id, type, ...TRIGGER_TYPES[type]?.start }]
    })
  return (
    <>
      <h3 className={classes.subhead}>What starts it</h3>
      {triggers.length === 0 && <p className={classes.hint}>Only people and requests start it so far.</p>}
      {triggers.map((trigger, index) => (
        <TriggerCard key={index} trigger={trigger ?? {}} index={index} />
      ))}
      {mayEdit && (
        <Menu position="bottom-start">
          <Menu.Target>
            <Button
              variant="default"
              size="compact-sm"
              leftSection={<Plus size={14} aria-hidden />}
              rightSection={<ChevronDown size={13} aria-hidden />}
            >
              Add a trigger
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            {Object.entries(TRIGGER_TYPES).map(([type, { label }]) => (
              <Menu.Item key={type} onClick={() => add(type)}>
                {label}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      )}
    </>
  )
}

const PARTS = [
  ['parameters', 'Input', 'JSON Schema of what a start is given. Left out: any input.'],
  ['output', 'Result', 'Any JSON with {{ expressions }}. Left out: the output of the step in which it ended.'],
  [
    'settings',
    'Settings',
    'timeoutSeconds, concurrency, rateLimit, priority, overlapPolicy, retentionDays, checkpoint, ...',
  ],
] as const

/** What belongs to the workflow as a whole. */
export function WorkflowPanel() {
  const { mayEdit, view } = useEditorContext()
  const acts = useActs()
  const definition = useEditor((state) => state.definition)
  const problems = useView((state) => state.problems)
  const set = (name: string, value: unknown) =>
    acts.change(
      `Change ${name}`,
      (draft) => {
        if (value === undefined) delete draft[name]
        else draft[name] = value
      },
      `workflow ${name}`,
    )
  return (
    <>
      <div className={classes.panelHead}>
        <span className={classes.pickText}>
          <h2 className={classes.panelTitle}>{text.workflow}</h2>
          <span className={classes.pickHelp}>Choose a node to see what it does.</span>
        </span>
        <CloseButton aria-label="Close the panel" onClick={() => view.setState({ isPanelOpen: false })} />
      </div>
      <ScrollRegion className={classes.panelBody} label={text.workflow}>
        <Triggers />
        {PARTS.map(([name, label, help]) => (
          <div key={name} className={classes.field}>
            <h3 className={classes.subhead}>{label}</h3>
            <div className={classes.fieldHelp}>{help}</div>
            <JsonInput
              label={label}
              value={definition[name]}
              change={(value) => mayEdit && set(name, value)}
              maxHeight="30vh"
            />
            {problems
              .filter((one) => one.node === null && one.pointer.startsWith(`/${name}`))
              .map((one) => (
                <div key={one.pointer + one.code} className={classes.fieldBad}>
                  {one.message} {one.hint}
                </div>
              ))}
          </div>
        ))}
      </ScrollRegion>
    </>
  )
}
