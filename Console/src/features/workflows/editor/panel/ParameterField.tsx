import { Button, NumberInput, SegmentedControl, Select, Switch, Textarea, Tooltip } from '@mantine/core'
import { Plus, RotateCcw, Trash2 } from 'lucide-react'
import { useId, useRef, useState } from 'react'
import { Markdown } from '../../../../ui/Markdown'
import { classes } from '../classes'
import { ExpressionField } from '../expressions/ExpressionField'
import type { ParameterSpec } from '../model/nodeTypes'
import type { Problem } from '../model/problems'
import { hasExpression } from '../model/references'
import { text } from '../text'
import { JsonInput } from './JsonInput'

interface Props {
  spec: ParameterSpec
  node: string
  pointer: string
  value: unknown
  problems: Problem[]
  readOnly: boolean
  change: (value: unknown) => void
}

const isText = (value: unknown): value is string => typeof value === 'string'
const asText = (value: unknown) => (value === undefined ? '' : isText(value) ? value : JSON.stringify(value))
const shownDefault = (spec: ParameterSpec) =>
  spec.default === undefined ? undefined : `${asText(spec.default)} (default)`
const exampleOf = (spec: ParameterSpec) =>
  shownDefault(spec) ?? (spec.example === undefined ? undefined : `e.g. ${asText(spec.example)}`)

/** A fixed value as the expression that yields it, and back. */
function toExpression(value: unknown): string {
  if (value === undefined || value === '') return '{{  }}'
  return isText(value)
    ? hasExpression(value)
      ? value
      : `{{ ${JSON.stringify(value)} }}`
    : `{{ ${JSON.stringify(value)} }}`
}

function toFixed(value: unknown): unknown {
  const inner = isText(value) ? /^\{\{([\s\S]*)\}\}$/.exec(value)?.[1]?.trim() : undefined
  if (inner === undefined || inner === '') return undefined
  try {
    return JSON.parse(inner) as unknown
  } catch {
    // It is an expression that only the server can work out: the fixed field begins empty.
    return undefined
  }
}

function Fixed({
  spec,
  value,
  readOnly,
  change,
  labelled,
  onExpression,
}: Pick<Props, 'spec' | 'value' | 'readOnly' | 'change'> & {
  labelled: string
  onExpression?: (text: string) => void
}) {
  const shared = { 'aria-labelledby': labelled, readOnly }
  switch (spec.kind) {
    case 'integer':
    case 'number':
      return (
        <NumberInput
          {...shared}
          placeholder={exampleOf(spec)}
          min={spec.min}
          max={spec.max}
          clampBehavior="none"
          allowDecimal={spec.kind === 'number'}
          value={typeof value === 'number' ? value : asText(value)}
          onChange={(next) => change(next === '' ? undefined : next)}
        />
      )
    case 'boolean':
      return (
        <Switch
          aria-labelledby={labelled}
          checked={(value ?? spec.default) === true}
          label={(value ?? spec.default) === true ? 'Yes' : 'No'}
          onChange={(event) => !readOnly && change(event.currentTarget.checked)}
        />
      )
    case 'choice':
      return (
        <Select
          {...shared}
          placeholder={shownDefault(spec) ?? 'Choose one'}
          data={
            isText(value) && !spec.choices?.includes(value) ? [...(spec.choices ?? []), value] : (spec.choices ?? [])
          }
          value={isText(value) ? value : null}
          onChange={(next) => change(next ?? undefined)}
        />
      )
    case 'json':
    case 'object':
      return <JsonInput label={spec.name} value={value} change={change} onExpression={onExpression} />
    default:
      return (
        <Textarea
          {...shared}
          minRows={1}
          maxRows={14}
          spellCheck={false}
          placeholder={exampleOf(spec)}
          value={asText(value)}
          onChange={(event) => change(event.currentTarget.value === '' ? undefined : event.currentTarget.value)}
        />
      )
  }
}

function ListField({ spec, node, pointer, value, problems, readOnly, change }: Props) {
  const items = Array.isArray(value) ? (value as Record<string, unknown>[]) : []
  return (
    <div className={classes.list}>
      {items.map((item, index) => (
        // Items have no ids of their own: their place is what tells them apart.
        <div key={index} className={classes.listItem}>
          <div className={classes.listBody}>
            {spec.fields?.map((field) => (
              <ParameterField
                key={field.name}
                spec={field}
                node={node}
                pointer={`${pointer}/${index}/${field.name}`}
                value={item?.[field.name]}
                problems={problems}
                readOnly={readOnly}
                change={(next) => {
                  const changed = { ...item }
                  if (next === undefined) delete changed[field.name]
                  else changed[field.name] = next
                  change(items.map((one, at) => (at === index ? changed : one)))
                }}
              />
            ))}
          </div>
          {!readOnly && (
            <button
              type="button"
              className={classes.iconButton}
              aria-label={`Remove item ${index + 1}`}
              onClick={() => change(items.filter((_, at) => at !== index))}
            >
              <Trash2 size={14} aria-hidden />
            </button>
          )}
        </div>
      ))}
      {!readOnly && (
        <Button
          variant="default"
          size="compact-sm"
          leftSection={<Plus size={14} aria-hidden />}
          onClick={() => change([...items, {}])}
        >
          Add {spec.name === 'cases' ? 'a case' : 'an item'}
        </Button>
      )}
    </div>
  )
}

/** Puts the caret behind the last character of a field. */
function writeOn(field: HTMLElement | null | undefined) {
  field?.focus()
  if (!field) return
  getSelection()?.selectAllChildren(field)
  getSelection()?.collapseToEnd()
}

/** One parameter: its name, what it is for, and a field for its kind, fixed or as an expression. */
export function ParameterField(props: Props) {
  const { spec, node, pointer, value, problems, readOnly, change } = props
  const label = useId()
  const host = useRef<HTMLDivElement>(null)
  const [wanted, setWanted] = useState<'fixed' | 'expression' | null>(null)
  const isAlways = spec.kind === 'expression'
  const canSwitch = spec.templated && !isAlways
  const mode = isAlways ? 'expression' : (wanted ?? (spec.templated && hasExpression(value) ? 'expression' : 'fixed'))
  const mine = problems.filter((problem) => problem.field === pointer || problem.field.startsWith(`${pointer}/`))
  const isList = spec.kind === 'list'
  const toMode = (next: string) => {
    setWanted(next as 'fixed' | 'expression')
    if (next === 'fixed' && isText(value) && hasExpression(value)) change(spec.kind === 'text' ? value : toFixed(value))
    else if (next === 'expression' && !hasExpression(value) && spec.kind !== 'text') change(toExpression(value))
  }
  const takeExpression = (words: string) => {
    setWanted('expression')
    change(words)
    requestAnimationFrame(() => writeOn(host.current?.querySelector<HTMLElement>('[contenteditable]')))
  }
  return (
    <div ref={host} className={classes.field} data-field={pointer} data-bad={(mine.length > 0 && !isList) || undefined}>
      <div className={classes.fieldHead}>
        <span id={label} className={classes.fieldName}>
          {spec.name}
          {spec.required && <span aria-hidden> *</span>}
          {spec.required && <span className="visually-hidden"> (required)</span>}
        </span>
        {value !== undefined && !spec.required && !readOnly && (
          <Tooltip label={spec.default === undefined ? 'Leave it out' : `Back to the default: ${asText(spec.default)}`}>
            <button
              type="button"
              className={classes.iconButton}
              aria-label={`Leave out ${spec.name}`}
              onClick={() => change(undefined)}
            >
              <RotateCcw size={12} aria-hidden />
            </button>
          </Tooltip>
        )}
        {canSwitch && !readOnly && (
          <SegmentedControl
            size="xs"
            className={classes.mode}
            aria-label={`${spec.name}: fixed or expression`}
            data={[
              { value: 'fixed', label: text.fixed },
              { value: 'expression', label: text.expression },
            ]}
            value={mode}
            onChange={toMode}
          />
        )}
      </div>
      {isList && spec.fields ? (
        <ListField {...props} />
      ) : mode === 'expression' ? (
        <ExpressionField
          label={spec.name}
          labelled={label}
          kind={isAlways ? 'expression' : 'template'}
          value={isText(value) ? value : value === undefined ? '' : JSON.stringify(value)}
          node={node}
          secrets={spec.secret}
          readOnly={readOnly}
          placeholder={exampleOf(spec)}
          change={(next) => {
            // While it is emptied and typed anew it stays the field that it is.
            setWanted('expression')
            change(next === '' ? undefined : next)
          }}
        />
      ) : (
        <Fixed
          spec={isList ? { ...spec, kind: 'json' } : spec}
          value={value}
          readOnly={readOnly}
          change={change}
          labelled={label}
          onExpression={canSwitch ? takeExpression : undefined}
        />
      )}
      {!isList &&
        mine.map((problem) => (
          <div key={problem.code + problem.message} className={classes.fieldBad}>
            {problem.message} {problem.hint === spec.summary ? '' : problem.hint}
          </div>
        ))}
      <div className={classes.fieldHelp}>
        <Markdown>{spec.summary}</Markdown>
      </div>
    </div>
  )
}
