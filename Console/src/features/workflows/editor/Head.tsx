import { Menu } from '@mantine/core'
import { ChevronRight, CloudUpload, Ellipsis, FlaskConical, PanelRight, Save } from 'lucide-react'
import { toApiError } from '../../../api/errors'
import { Go } from '../../../app/links'
import { Act } from '../../../ui/Act'
import { tellError } from '../../../ui/notify'
import { SafeText } from '../../../ui/SafeText'
import { Tag } from '../../../ui/StatusText'
import { useActs } from './acts'
import { useEditorContext, useView, type ViewStore } from './context'
import { classes } from './classes'
import { Holder } from './Holder'
import { Presence } from './Presence'
import { text } from './text'
import type { Holding } from './useHolding'
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

/** What is not saved becomes a version first; where that is refused, the dialog of saving says why. */
async function checkIn(saving: Saving, holding: Holding, view: ViewStore) {
  if (saving.isDirty) {
    const answer = await saving.save('Checked in')
    if (answer.kind === 'conflict') return view.setState({ popup: { kind: 'merge' } })
    if (answer.kind === 'refused') {
      tellError(answer.error)
      return view.setState({ popup: { kind: 'save', publish: false } })
    }
  }
  await holding.giveBack().catch((error: unknown) => tellError(toApiError(error)))
}

export function Head({ saving, holding }: { saving: Saving; holding: Holding }) {
  const { workflow, view, mayEdit, readOnlyBecause } = useEditorContext()
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
        {readOnlyBecause ?? state.words}
      </span>
      <Holder holding={holding} />
      <span className={classes.grow} />
      <Presence />
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
        because={readOnlyBecause ?? (saving.isDirty ? null : 'Nothing has changed since the last version.')}
        onClick={() => view.setState({ popup: { kind: 'save', publish: false } })}
      >
        {text.save}
      </Act>
      <Act
        needs="workflows.publish"
        icon={<CloudUpload size={14} aria-hidden />}
        because={
          holding.why ??
          (!saving.isDirty && !isBehind
            ? 'The published version is this one.'
            : count > 0
              ? `${text.problemCount(count)} to solve first.`
              : null)
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
          {mayEdit && holding.holder === null && <Menu.Item onClick={holding.checkOut}>Check out</Menu.Item>}
          {holding.holder === 'me' && (
            <Menu.Item onClick={() => void checkIn(saving, holding, view)}>
              {saving.isDirty ? 'Save a version and check in' : 'Check in'}
            </Menu.Item>
          )}
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
