import { Select } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { GitCompareArrows } from 'lucide-react'
import { send } from '../../api/client'
import { invalidate, useApi, useList } from '../../api/queries'
import type { ChangeView, DiffView, VersionItem, WorkflowView } from '../../api/schema.gen'
import { useParamsOfUrl } from '../../app/links'
import { Act } from '../../ui/Act'
import { useConfirm } from '../../ui/Confirm'
import { type Column, DataTable } from '../../ui/DataTable'
import { EmptyState, Waiting } from '../../ui/EmptyState'
import { ErrorBox } from '../../ui/ErrorBox'
import { tellDone } from '../../ui/notify'
import { Panel } from '../../ui/Page'
import { safeText } from '../../ui/safe'
import { SafeText } from '../../ui/SafeText'
import { Tag, type Tone } from '../../ui/StatusText'
import { TimeText } from '../../ui/TimeText'
import { CompareGraph } from './CompareGraph'
import { text } from './text'
import { usePublish } from './usePublish'
import classes from './Workflows.module.css'

const COLUMNS: Column<VersionItem>[] = [
  {
    key: 'number',
    title: 'Version',
    width: '130px',
    render: (one) => (
      <>
        {one.number} {one.published && <Tag tone="ok">published</Tag>}
      </>
    ),
  },
  {
    key: 'comment',
    title: 'Comment',
    width: 'minmax(0, 2fr)',
    render: (one) => <SafeText most={120}>{one.comment || '–'}</SafeText>,
  },
  { key: 'kind', title: 'Kind', width: '90px', from: 640, render: (one) => one.changeType },
  { key: 'at', title: 'When', width: '100px', from: 520, render: (one) => <TimeText at={one.createdAt} relative /> },
]

const TONES: Record<string, Tone> = { added: 'ok', removed: 'bad', changed: 'wait', moved: 'run' }

const shown = (value: unknown) => safeText(typeof value === 'string' ? value : JSON.stringify(value, null, 2))

function Change({ change }: { change: ChangeView }) {
  return (
    <li className={classes.change}>
      <div className={classes.changeHead}>
        <Tag tone={TONES[change.kind] ?? 'idle'}>{change.kind}</Tag>
        <strong>
          {change.part} <SafeText most={80}>{change.id ?? ''}</SafeText>
        </strong>
        <code>{safeText(change.pointer)}</code>
        {change.isCut && <span className={classes.dim}>shown in part</span>}
      </div>
      {change.before !== null && change.before !== undefined && (
        <pre className={`${classes.value} ${classes.before}`}>{shown(change.before)}</pre>
      )}
      {change.after !== null && change.after !== undefined && (
        <pre className={`${classes.value} ${classes.after}`}>{shown(change.after)}</pre>
      )}
    </li>
  )
}

function Compare({ id, versions }: { id: string; versions: VersionItem[] }) {
  const [params, change] = useParamsOfUrl()
  const from = params.from ?? String(versions[1]?.number ?? '')
  const to = params.to ?? String(versions[0]?.number ?? '')
  const diff = useApi<DiffView>(
    from && to && from !== to ? `/workflows/${id}/versions/${from}/diff/${to}` : null,
    undefined,
    { keep: false },
  )
  const data = versions.map((one) => ({ value: String(one.number), label: `Version ${one.number}` }))
  return (
    <Panel
      flush
      title="Compare"
      actions={
        <>
          <Select
            size="xs"
            w={120}
            aria-label="From"
            data={data}
            value={from}
            onChange={(value) => change({ from: value })}
          />
          <GitCompareArrows size={15} aria-hidden />
          <Select
            size="xs"
            w={120}
            aria-label="To"
            data={data}
            value={to}
            onChange={(value) => change({ to: value })}
          />
        </>
      }
    >
      {from && to && from !== to && <CompareGraph id={id} from={from} to={to} />}
      <ErrorBox error={diff.error} retry={() => void diff.refetch()} />
      {diff.isLoading && <Waiting rows={3} />}
      {diff.data?.count === 0 && (
        <EmptyState title="They are the same">Places of nodes in the drawing do not count.</EmptyState>
      )}
      <ul className={classes.changes}>
        {diff.data?.changes.map((one) => (
          <Change key={`${one.part}${one.id}${one.pointer}${one.kind}`} change={one} />
        ))}
      </ul>
      {diff.data?.isCut && (
        <p className={classes.dim}>
          Only the first {diff.data.changes.length} of {diff.data.count} changes are shown.
        </p>
      )}
    </Panel>
  )
}

export function VersionsTab({ workflow }: { workflow: WorkflowView }) {
  const versions = useList<VersionItem>(`/workflows/${workflow.id}/versions`)
  const confirm = useConfirm()
  const client = useQueryClient()
  const publish = usePublish(workflow)
  const restore = (number: number) =>
    confirm({
      title: `Restore version ${number}`,
      body: text.restoreText(number),
      act: 'Restore',
      reason: 'optional',
      reasonLabel: 'Comment',
      run: async (comment) => {
        await send('POST', `/workflows/${workflow.id}/versions/${number}/restore`, {
          body: { comment },
          ifMatch: workflow.version,
        })
        tellDone(`Version ${number} was restored.`)
        await invalidate(client, ['/workflows'])
      },
    })
  return (
    <>
      <Panel flush>
        <DataTable
          label="Versions"
          list={versions}
          columns={COLUMNS}
          rowKey={(one) => String(one.number)}
          empty={<EmptyState title={text.noVersions} />}
          actionsWidth="140px"
          actions={(one) => (
            <>
              {!one.published && (
                <Act needs="workflows.publish" size="compact-xs" variant="subtle" onClick={() => publish(one.number)}>
                  Publish
                </Act>
              )}
              {one.number !== workflow.draftVersion && (
                <Act needs="workflows.write" size="compact-xs" variant="subtle" onClick={() => restore(one.number)}>
                  Restore
                </Act>
              )}
            </>
          )}
        />
      </Panel>
      {versions.items.length > 1 && <Compare id={workflow.id} versions={versions.items} />}
    </>
  )
}
