import { NumberInput, Select, Stack, Switch, TagsInput, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useActs } from '../acts'
import { useEditor, useEditorContext, useView } from '../context'
import { classes } from '../classes'
import { graphOf, type NodeDef, nodesOf } from '../model/definition'
import type { NodeType } from '../model/nodeTypes'
import { renameId } from '../model/operations'
import { useNodeChange } from './useNodeChange'

const ID = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/

/** The id: every reference to it follows, so it is taken over as a whole. */
function IdField({ node }: { node: NodeDef }) {
  const { store, types, mayEdit } = useEditorContext()
  const acts = useActs()
  const [draft, setDraft] = useState(node.id)
  const isTaken = draft !== node.id && nodesOf(store.getState().definition).has(draft)
  const problem = !ID.test(draft)
    ? 'A letter, then letters, digits, _ and -; at most 64.'
    : isTaken
      ? 'Another node has this id.'
      : null
  const keep = () => {
    if (problem || draft === node.id) return
    acts.change('Rename the id', (change) => {
      renameId(change, node.id, draft, types)
      return [draft]
    })
  }
  return (
    <TextInput
      label="Id"
      description="Expressions read steps.ID.output; all that names it follows a change."
      value={draft}
      readOnly={!mayEdit}
      error={problem}
      onChange={(event) => setDraft(event.currentTarget.value)}
      onBlur={keep}
      onKeyDown={(event) => event.key === 'Enter' && keep()}
    />
  )
}

const asNumber = (value: unknown) => (typeof value === 'number' ? value : '')

interface RetryProps {
  retry: Record<string, unknown> | undefined
  readOnly: boolean
  change: (value: Record<string, unknown> | undefined) => void
}

const RETRY = [
  ['maxAttempts', 'Attempts, the first included', 3, 1, 100],
  ['initialDelaySeconds', 'Longest delay before the second, seconds', 1, 0, undefined],
  ['multiplier', 'Each further delay longer by', 2, 1, 100],
  ['maxDelaySeconds', 'No delay longer than, seconds', 300, 0, 604_800],
] as const

function Retry({ retry, readOnly, change }: RetryProps) {
  const set = (name: string, value: unknown) => {
    const next = { ...retry }
    if (value === undefined || value === '' || (Array.isArray(value) && value.length === 0)) delete next[name]
    else next[name] = value
    change(next)
  }
  return (
    <>
      <Switch
        label="Try again after an error"
        checked={retry !== undefined}
        onChange={(event) => !readOnly && change(event.currentTarget.checked ? {} : undefined)}
      />
      {retry && (
        <div className={classes.pair}>
          {RETRY.map(([name, label, standard, min, max]) => (
            <NumberInput
              key={name}
              label={label}
              readOnly={readOnly}
              placeholder={`${standard} (default)`}
              min={min}
              max={max}
              value={asNumber(retry[name])}
              onChange={(value) => set(name, value)}
            />
          ))}
          <TagsInput
            label="Never again after these codes"
            readOnly={readOnly}
            placeholder="HTTP_404"
            value={Array.isArray(retry.nonRetryableCodes) ? (retry.nonRetryableCodes as string[]) : []}
            onChange={(value) => set('nonRetryableCodes', value)}
          />
        </div>
      )}
    </>
  )
}

export function SettingsTab({ node, type }: { node: NodeDef; type: NodeType | undefined }) {
  const { mayEdit, types } = useEditorContext()
  const change = useNodeChange(node.id)
  const definition = useEditor((state) => state.definition)
  const problems = useView((state) => state.problems).filter(
    (one) => one.node === node.id && !one.field.startsWith('/parameters'),
  )
  const parent = nodesOf(definition).get(node.id)?.parent ?? null
  const siblings = (graphOf(definition, parent)?.nodes ?? []).filter((one) => one.id !== node.id)
  const hasBody = node.body !== undefined
  const shared = { readOnly: !mayEdit }
  return (
    <Stack gap="sm">
      {problems.map((problem) => (
        <div key={problem.code + problem.pointer} className={classes.fieldBad}>
          {problem.message} {problem.hint}
        </div>
      ))}
      <TextInput
        {...shared}
        label="Name"
        description="For people."
        placeholder={node.id}
        maxLength={200}
        value={node.name ?? ''}
        onChange={(event) => change.member('name', event.currentTarget.value || undefined)}
      />
      <IdField key={node.id} node={node} />
      <Select
        {...shared}
        label="Type"
        searchable
        data={[...new Set([...types.keys(), node.type])]}
        value={node.type}
        onChange={(next) => next && change.member('type', next)}
      />
      {!hasBody && type?.effect !== 'wait' && (
        <Retry
          readOnly={!mayEdit}
          retry={node.retry as Record<string, unknown> | undefined}
          change={(value) => change.member('retry', value)}
        />
      )}
      {!hasBody && (
        <NumberInput
          {...shared}
          label="Time limit of one attempt, seconds"
          placeholder="none"
          min={0.001}
          max={86_400}
          value={asNumber(node.timeoutSeconds)}
          onChange={(value) => change.member('timeoutSeconds', value === '' ? undefined : value)}
        />
      )}
      <Select
        {...shared}
        label="When it has failed for good"
        description="And no edge leaves its port error."
        data={[
          { value: 'fail', label: 'The execution fails (default)' },
          { value: 'continue', label: 'It goes on with the error as output' },
        ]}
        value={typeof node.onError === 'string' ? node.onError : null}
        placeholder="The execution fails (default)"
        clearable
        clearButtonProps={{ 'aria-label': 'Clear onError' }}
        onChange={(next) => change.member('onError', next ?? undefined)}
      />
      <Select
        {...shared}
        label="Undone by"
        description="The node that undoes this one when the execution fails after it; it has no edges."
        data={siblings.map((one) => ({ value: one.id, label: one.name ?? one.id }))}
        value={node.compensate ?? null}
        placeholder="nothing"
        searchable
        clearable
        clearButtonProps={{ 'aria-label': 'Clear compensate' }}
        onChange={(next) => change.member('compensate', next ?? undefined)}
      />
      <Switch
        label="It starts only when all before it is stored"
        description="Nodes that reach outside do anyway."
        checked={node.effect === true}
        onChange={(event) => mayEdit && change.member('effect', event.currentTarget.checked || undefined)}
      />
    </Stack>
  )
}
