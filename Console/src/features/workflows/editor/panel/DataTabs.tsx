import { Button, Group, Select } from '@mantine/core'
import { ChevronDown, ChevronRight, Pin, PinOff } from 'lucide-react'
import { useState } from 'react'
import { useApi } from '../../../../api/queries'
import type { ExecutionView, StepItem, StepView } from '../../../../api/schema.gen'
import { ErrorBox } from '../../../../ui/ErrorBox'
import { JsonView, StoredValue } from '../../../../ui/JsonView'
import { safeText } from '../../../../ui/safe'
import { StatusText } from '../../../../ui/StatusText'
import { Duration } from '../../../../ui/TimeText'
import { useEditorContext, useView } from '../context'
import { classes } from '../classes'
import { useScope } from '../expressions/scope'
import { isSame, type NodeDef } from '../model/definition'
import type { NodeType } from '../model/nodeTypes'
import { stepName } from '../model/references'
import { text } from '../text'
import { usePins } from '../usePins'
import { useStale } from '../useStale'
import { JsonInput } from './JsonInput'

const MOST = 100

/** A value to look into; each place of it can be dragged into an expression. */
function DataTree({ name, value, path, level = 0 }: { name: string; value: unknown; path: string; level?: number }) {
  const [isOpen, setOpen] = useState(level < 1)
  const isInner = typeof value === 'object' && value !== null
  const entries = isInner ? Object.entries(value) : []
  const Chevron = isOpen ? ChevronDown : ChevronRight
  return (
    <div className={classes.data}>
      <div className={classes.dataLine} style={{ paddingInlineStart: level * 14 }}>
        {isInner && entries.length > 0 ? (
          <button
            type="button"
            className={classes.rowFold}
            aria-expanded={isOpen}
            aria-label={`${name}: ${isOpen ? 'fold' : 'unfold'}`}
            onClick={() => setOpen(!isOpen)}
          >
            <Chevron size={13} aria-hidden />
          </button>
        ) : (
          <span className={classes.rowFold} />
        )}
        <button
          type="button"
          draggable
          className={classes.dataName}
          title={`Copy ${path}`}
          onDragStart={(event) => {
            event.dataTransfer.setData('application/x-workflows-path', path)
            event.dataTransfer.setData('text/plain', path)
          }}
          onClick={() => void navigator.clipboard.writeText(path)}
        >
          {safeText(name).slice(0, 80)}
        </button>
        <span className={classes.dataValue}>
          {Array.isArray(value)
            ? `list of ${value.length.toLocaleString('en')}`
            : isInner
              ? `${entries.length} members`
              : safeText(JSON.stringify(value) ?? 'nothing').slice(0, 160)}
        </span>
      </div>
      {isOpen &&
        entries
          .slice(0, MOST)
          .map(([key, item]) => (
            <DataTree
              key={key}
              name={key}
              value={item}
              level={level + 1}
              path={Array.isArray(value) ? `${path}[${key}]` : `${path}.${stepName(key)}`}
            />
          ))}
      {isOpen && entries.length > MOST && (
        <div className={classes.hint}>{(entries.length - MOST).toLocaleString('en')} more</div>
      )}
    </div>
  )
}

function StepTree({ id, name }: { id: string; name: string }) {
  const test = useView((state) => state.test)
  const pin = useView((state) => (state.pins && Object.hasOwn(state.pins, id) ? { value: state.pins[id] } : null))
  const mark = useView((state) => state.marks[id])
  const step = useApi<StepView>(
    test && mark && !pin ? `/executions/${test.id}/steps/one` : null,
    { node: id },
    { keep: false, staleTime: 30_000 },
  )
  const path = `steps.${stepName(id)}.output`
  if (pin) return <DataTree name={`${name} (pinned)`} value={pin.value} path={path} />
  if (step.data) return <DataTree name={name} value={step.data.output} path={path} />
  return <div className={classes.hint}>{name}: no data yet</div>
}

/** What the node reads: the input, and the steps before it. */
export function InputTab({ node }: { node: NodeDef }) {
  const { steps } = useScope(node.id)
  const test = useView((state) => state.test)
  const run = useApi<ExecutionView>(
    test ? `/executions/${test.id}` : null,
    { steps: 'none' },
    { keep: false, staleTime: 30_000 },
  )
  return (
    <div>
      <p className={classes.hint}>
        {test ? 'Drag a name into an expression, or press it to copy its path.' : text.noData}
      </p>
      {run.data && <DataTree name="input" value={run.data.input} path="input" />}
      {steps.map((step) => (
        <StepTree key={step.id} id={step.id} name={step.name} />
      ))}
      {steps.length === 0 && <p className={classes.hint}>No step comes before this one: it reads the input.</p>}
    </div>
  )
}

const keyOf = (step: StepItem) => `${step.iteration}#${step.attempt}`

function Recorded({ node, test }: { node: NodeDef; test: { id: string; status: string } }) {
  const path = `/executions/${test.id}`
  const steps = useApi<StepItem[]>(`${path}/steps`, { node: node.id, per_page: 100 }, { keep: false })
  const [wanted, setWanted] = useState<string | null>(null)
  const known = steps.data ?? []
  const item = known.find((step) => keyOf(step) === wanted) ?? known.at(-1)
  const query = item && {
    node: node.id,
    ...(item.iteration ? { iteration: item.iteration } : {}),
    attempt: item.attempt,
  }
  const step = useApi<StepView & { origin?: string | null }>(query ? `${path}/steps/one` : null, query, { keep: false })
  const { pin, canPin } = usePins()
  if (steps.error) return <ErrorBox error={steps.error} />
  if (!item) return <p className={classes.hint}>The last test did not come as far as this node.</p>
  return (
    <>
      {known.length > 1 && (
        <Select
          size="xs"
          aria-label="Round and attempt"
          data={known.map((one) => ({
            value: keyOf(one),
            label: `${one.iteration ? `Round ${one.iteration}, ` : ''}attempt ${one.attempt}: ${one.status}`,
          }))}
          value={keyOf(item)}
          searchable
          onChange={setWanted}
        />
      )}
      <Group gap="sm" my="xs">
        <StatusText status={item.status} />
        <Duration ms={item.durationMs} />
        {item.port && (
          <span className={classes.hint}>
            left by <code>{item.port}</code>
          </span>
        )}
        {step.data?.origin && <span className={classes.hint}>{step.data.origin}: it was not executed</span>}
        {canPin && step.data && step.data.error === null && (
          <Button
            size="compact-xs"
            variant="default"
            leftSection={<Pin size={12} aria-hidden />}
            onClick={() => void pin(node.id, step.data.output)}
          >
            Pin this output
          </Button>
        )}
      </Group>
      {step.data?.error !== undefined && step.data?.error !== null && (
        <JsonView label="Error" value={step.data.error} />
      )}
      {step.data && step.data.error === null && (
        <StoredValue path={`${path}/output`} query={query ?? {}} label={`Output of ${node.id}`} />
      )}
    </>
  )
}

/** A pinned output to edit: it is shared by all who edit the workflow, so it changes as a whole. */
function PinnedOutput({ id, value }: { id: string; value: unknown }) {
  const { mayEdit } = useEditorContext()
  const { pin } = usePins()
  const [draft, setDraft] = useState(value)
  const isChanged = !isSame(draft, value)
  if (!mayEdit) return <JsonView label={`Pinned output of ${id}`} value={value} />
  return (
    <>
      <JsonInput label={`Pinned output of ${id}`} value={draft} change={(next) => setDraft(next ?? null)} />
      {isChanged && (
        <Button size="compact-xs" onClick={() => void pin(id, draft)}>
          Pin this instead
        </Button>
      )}
    </>
  )
}

/** What the node answered in the last test, and what it answers in tests because somebody pinned it. */
export function OutputTab({ node, type }: { node: NodeDef; type: NodeType | undefined }) {
  const { mayEdit } = useEditorContext()
  const test = useView((state) => state.test)
  const pins = useView((state) => state.pins)
  const stale = useStale()
  const { pin, unpin, canPin } = usePins()
  const isPinned = pins !== null && Object.hasOwn(pins, node.id)
  return (
    <div>
      {isPinned && (
        <div className={classes.card}>
          <div className={classes.fieldHead}>
            <span className={classes.fieldName}>
              <Pin size={13} aria-hidden /> Pinned: tests take this instead of executing the node
            </span>
            {mayEdit && (
              <Button
                size="compact-xs"
                variant="subtle"
                leftSection={<PinOff size={12} aria-hidden />}
                onClick={() => void unpin(node.id)}
              >
                Unpin
              </Button>
            )}
          </div>
          <PinnedOutput key={JSON.stringify(pins[node.id])} id={node.id} value={pins[node.id]} />
        </div>
      )}
      {stale.has(node.id) && (
        <p className={classes.hint}>Stale: something before this node, or the node itself, changed since the test.</p>
      )}
      {test ? <Recorded key={test.id} node={node} test={test} /> : <p className={classes.hint}>{text.noData}</p>}
      {!isPinned && canPin && !test && (
        <Button
          size="compact-sm"
          variant="default"
          leftSection={<Pin size={13} aria-hidden />}
          onClick={() => void pin(node.id, null)}
        >
          Pin an output of my own
        </Button>
      )}
      {type?.output && <p className={classes.fieldHelp}>By its type: {type.output}</p>}
    </div>
  )
}
