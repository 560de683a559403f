import { Button, Group, Modal, SegmentedControl, Stack, Textarea } from '@mantine/core'
import { useState } from 'react'
import { type ApiError } from '../../../api/client'
import type { WorkflowView } from '../../../api/schema.gen'
import { ErrorBox } from '../../../ui/ErrorBox'
import { tellDone } from '../../../ui/notify'
import { ChangeList } from './ChangeList'
import { useEditor, useEditorContext, useView } from './context'
import { classes } from './classes'
import type { Definition } from './model/definition'
import { merge, type Side } from './model/merge'
import { text } from './text'
import type { Saving } from './useSaving'

const COMMENT_LENGTH = 500

/** Makes a version of what is here, and perhaps the one that runs; all that changed stands above the button. */
export function SaveDialog({ saving, publish, close }: { saving: Saving; publish: boolean; close: () => void }) {
  const { view, workflow } = useEditorContext()
  const definition = useEditor((state) => state.definition)
  const problems = useView((state) => state.problems)
  const [comment, setComment] = useState('')
  const [error, setError] = useState<ApiError | null>(null)
  const run = async () => {
    setError(null)
    if (saving.isDirty) {
      const saved = await saving.save(comment.trim())
      if (saved.kind === 'conflict') return view.setState({ popup: { kind: 'merge' } })
      if (saved.kind === 'refused') return setError(saved.error)
    }
    if (publish) {
      const published = await saving.publish()
      if (published.kind === 'conflict') return view.setState({ popup: { kind: 'merge' } })
      if (published.kind === 'refused') return setError(published.error)
    }
    tellDone(publish ? `${workflow.name} was published.` : 'A version was saved.')
    close()
    return undefined
  }
  return (
    <Modal opened onClose={close} title={publish ? text.publish : text.save} size="lg">
      <form
        onSubmit={(event) => {
          event.preventDefault()
          if (!saving.isBusy) void run()
        }}
      >
        <Stack gap="sm">
          {saving.isDirty ? (
            <>
              <div className={classes.fieldName}>What changed since version {saving.draftVersion}</div>
              <ChangeList before={saving.base} after={definition} />
              <Textarea
                label={text.comment}
                description={text.commentHelp}
                data-autofocus
                maxLength={COMMENT_LENGTH}
                value={comment}
                onChange={(event) => setComment(event.currentTarget.value)}
              />
            </>
          ) : (
            <p className={classes.hint}>
              Version {saving.draftVersion} takes the place of{' '}
              {saving.publishedVersion === null ? 'nothing' : `version ${saving.publishedVersion}`}. Runs that have
              begun go on with theirs.
            </p>
          )}
          {problems.length > 0 && !error && (
            <div className={classes.fieldBad} role="alert">
              {text.problemCount(problems.length)}: the server will refuse this version.
              <ul>
                {problems.slice(0, 10).map((problem) => (
                  <li key={problem.pointer + problem.code}>
                    <code>{problem.pointer}</code> {problem.message}
                  </li>
                ))}
              </ul>
            </div>
          )}
          <ErrorBox error={error} />
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button type="submit" loading={saving.isBusy}>
              {publish ? (saving.isDirty ? 'Save and publish' : text.publish) : text.save}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}

const shown = (value: unknown) => (value === undefined ? '(not there)' : JSON.stringify(value, null, 2))

/** What two people made of the same version, put together: what only one changed is taken, the rest is asked. */
export function MergeDialog({ saving, theirs, close }: { saving: Saving; theirs: WorkflowView; close: () => void }) {
  const { view } = useEditorContext()
  const mine = useEditor((state) => state.definition)
  const [choices, setChoices] = useState<Record<string, Side>>({})
  const { merged, conflicts, taken } = merge(saving.base, mine, theirs.definition as Definition, choices)
  const open = conflicts.filter((conflict) => !choices[conflict.key]).length
  const take = () => {
    saving.takeMerged(merged, theirs)
    view.setState({ popup: { kind: 'save', publish: false } })
  }
  return (
    <Modal opened onClose={close} title="Somebody else saved a version meanwhile" size="lg">
      <Stack gap="sm">
        <p className={classes.hint}>
          Version {theirs.draftVersion} was saved after you began from version {saving.draftVersion}. Nothing of either
          is lost: both are put together here.
        </p>
        {taken.length > 0 && (
          <div>
            <div className={classes.fieldName}>Taken from the other version</div>
            <ul className={classes.changes}>
              {taken.slice(0, 40).map((label, index) => (
                <li key={`${label}${index}`}>{label}</li>
              ))}
            </ul>
          </div>
        )}
        {conflicts.map((conflict) => (
          <fieldset key={conflict.key} className={classes.conflict}>
            <legend>{conflict.label}</legend>
            <SegmentedControl
              aria-label={`Which ${conflict.label}`}
              data={[
                { value: 'none', label: 'Choose', disabled: true },
                { value: 'mine', label: 'Mine' },
                { value: 'theirs', label: 'Theirs' },
              ]}
              value={choices[conflict.key] ?? 'none'}
              onChange={(side) => setChoices({ ...choices, [conflict.key]: side as Side })}
            />
            <div className={classes.sides}>
              <pre>{shown(conflict.mine)}</pre>
              <pre>{shown(conflict.theirs)}</pre>
            </div>
          </fieldset>
        ))}
        <Group justify="flex-end" gap="xs">
          <span className={classes.quiet}>{open > 0 ? `${open} to choose` : 'All is put together.'}</span>
          <Button variant="default" onClick={close}>
            Later
          </Button>
          <Button disabled={open > 0} onClick={take}>
            Take this over
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
