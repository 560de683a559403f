import { Menu } from '@mantine/core'
import { ChevronRight, CloudUpload, Ellipsis, FlaskConical, LockKeyhole, PanelRight, Save } from 'lucide-react'
import { Go } from '../../../app/links'
import { Act } from '../../../ui/Act'
import { SafeText } from '../../../ui/SafeText'
import { Tag } from '../../../ui/StatusText'
import { useActs } from './acts'
import { useEditorContext, useView } from './context'
import { classes } from './classes'
import { text } from './text'
import type { Saving } from './useSaving'

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' })

function stateOf({ isDirty, deviceAt, deviceError, serverAt, serverError, draftVersion }: Saving): {
  words: string
  tone: 'ok' | 'bad' | 'wait'
} {
  if (!isDirty) return { words: `As in version ${draftVersion}`, tone: 'ok' }
  if (deviceError) return { words: `Not kept on this device: ${deviceError}`, tone: 'bad' }
  if (serverError) return { words: `Kept on this device only: ${serverError}`, tone: 'wait' }
  if (serverAt) return { words: `Kept on the server ${clock.format(serverAt)}, no version yet`, tone: 'wait' }
  return {
    words: deviceAt ? `Kept on this device ${clock.format(deviceAt)}, no version yet` : text.unsaved,
    tone: 'wait',
  }
}

export function Head({
  saving,
  holder,
  checkOut,
  checkIn,
}: {
  saving: Saving
  holder: 'me' | 'other' | null
  checkOut: () => void
  checkIn: () => void
}) {
  const { workflow, view, mayEdit } = useEditorContext()
  const acts = useActs()
  const count = useView((state) => state.problems.length)
  const isPanelOpen = useView((state) => state.isPanelOpen)
  const state = stateOf(saving)
  const isBehind = saving.publishedVersion === null || saving.draftVersion > saving.publishedVersion
  return (
    <header className={classes.head}>
      <nav aria-label="Path" className={classes.crumbs}>
        <Go href="/workflows">Workflows</Go>
        <ChevronRight size={13} aria-hidden />
        <Go href={`/workflows/${workflow.id}`}>
          <SafeText most={40}>{workflow.name}</SafeText>
        </Go>
        <ChevronRight size={13} aria-hidden />
      </nav>
      <h1 className={classes.title}>
        Edit<span className="visually-hidden"> {workflow.name.slice(0, 80)}</span>
      </h1>
      {saving.publishedVersion !== null && <Tag tone="ok">version {saving.publishedVersion} is live</Tag>}
      <span className={classes.state} data-tone={state.tone} role="status">
        {mayEdit ? state.words : text.readOnly}
      </span>
      {holder && (
        <span className={classes.state} data-tone="wait">
          <LockKeyhole size={13} aria-hidden />{' '}
          {holder === 'me' ? 'Checked out by you' : 'Checked out by somebody else'}
        </span>
      )}
      <span className={classes.grow} />
      <Act
        needs="workflows.write"
        variant="default"
        icon={<FlaskConical size={14} aria-hidden />}
        because={(workflow.definition as { nodes?: unknown[] }).nodes ? null : 'There is nothing to test.'}
        onClick={() => view.setState({ popup: { kind: 'test', upTo: null, only: null } })}
      >
        {text.test}
      </Act>
      <Act
        needs="workflows.write"
        variant="default"
        icon={<Save size={14} aria-hidden />}
        because={saving.isDirty ? null : 'Nothing has changed since the last version.'}
        onClick={() => view.setState({ popup: { kind: 'save', publish: false } })}
      >
        {text.save}
      </Act>
      <Act
        needs="workflows.publish"
        icon={<CloudUpload size={14} aria-hidden />}
        because={
          !saving.isDirty && !isBehind
            ? 'The published version is this one.'
            : count > 0
              ? `${text.problemCount(count)} to solve first.`
              : null
        }
        onClick={() => view.setState({ popup: { kind: 'save', publish: true } })}
      >
        {text.publish}
      </Act>
      <Act
        iconOnly
        label={isPanelOpen ? 'Close the panel' : 'Open the panel'}
        icon={<PanelRight size={16} aria-hidden />}
        onClick={() => view.setState({ isPanelOpen: !isPanelOpen })}
      />
      <Menu>
        <Menu.Target>
          <button type="button" className={classes.iconButton} aria-label="More acts">
            <Ellipsis size={17} aria-hidden />
          </button>
        </Menu.Target>
        <Menu.Dropdown>
          {mayEdit && holder === null && <Menu.Item onClick={checkOut}>Check out</Menu.Item>}
          {holder === 'me' && <Menu.Item onClick={checkIn}>Check in</Menu.Item>}
          <Menu.Item disabled={!saving.isDirty} onClick={saving.discard}>
            Back to version {saving.draftVersion}
          </Menu.Item>
          <Menu.Item disabled={!mayEdit} onClick={() => void acts.tidy()}>
            {text.tidy}
          </Menu.Item>
          <Menu.Item onClick={() => view.setState({ drawer: 'json' })}>Definition as JSON</Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </header>
  )
}
