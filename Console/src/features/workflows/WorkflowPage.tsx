import { useParams } from '@tanstack/react-router'
import { Pencil, Play } from 'lucide-react'
import { useState } from 'react'
import { invalidate, queryClient, useApi } from '../../api/queries'
import type { WorkflowView } from '../../api/schema.gen'
import { useGo, useParamsOfUrl } from '../../app/links'
import { useMay } from '../../app/permissions'
import { useTopic } from '../../app/socket'
import { Act } from '../../ui/Act'
import { Waiting } from '../../ui/EmptyState'
import { ErrorBox } from '../../ui/ErrorBox'
import { Page, PageTabs, Panel } from '../../ui/Page'
import { RunList } from '../../ui/runs/RunList'
import { StatusText, Tag } from '../../ui/StatusText'
import { Overview } from './Overview'
import { SettingsTab } from './SettingsTab'
import { StartDialog } from './StartDialog'
import { text } from './text'
import { TriggersTab } from './TriggersTab'
import { usePublish } from './usePublish'
import { VersionsTab } from './VersionsTab'

const TABS = ['overview', 'runs', 'versions', 'triggers', 'settings'] as const

export default function WorkflowPage() {
  const { workflowId: id } = useParams({ strict: false }) as { workflowId: string }
  const [params, change] = useParamsOfUrl()
  const [isStart, setStart] = useState(false)
  const go = useGo()
  const may = useMay()
  const found = useApi<WorkflowView>(`/workflows/${id}`, undefined, { keep: false })
  const publish = usePublish(found.data)
  useTopic(`workflow:${id}`, () => void invalidate(queryClient, [`/workflows/${id}`]))
  const tab = TABS.find((one) => one === params.tab) ?? 'overview'
  const crumbs = [{ label: text.title, href: '/workflows' }]
  if (found.error) {
    return (
      <Page title="No workflow is at this address" crumbs={crumbs}>
        <ErrorBox error={found.error} retry={() => void found.refetch()} />
      </Page>
    )
  }
  if (!found.data) return <Waiting />
  const workflow = found.data
  const isBehind = workflow.publishedVersion === null || workflow.draftVersion > workflow.publishedVersion
  return (
    <Page
      title={workflow.name}
      crumbs={crumbs}
      mark={
        <>
          <StatusText status={workflow.enabled ? 'enabled' : 'disabled'} label={workflow.enabled ? 'On' : 'Off'} />
          {workflow.publishedVersion !== null && <Tag tone="ok">version {workflow.publishedVersion}</Tag>}
          {isBehind && <Tag tone="wait">draft {workflow.draftVersion}</Tag>}
          {workflow.tags.map((tag) => (
            <Tag key={tag}>{tag.slice(0, 40)}</Tag>
          ))}
        </>
      }
      actions={
        <>
          <Act
            needs="executions.start"
            icon={<Play size={14} aria-hidden />}
            because={
              workflow.publishedVersion === null ? 'Publish it first.' : workflow.enabled ? null : 'It is switched off.'
            }
            onClick={() => setStart(true)}
          >
            {text.start}
          </Act>
          {isBehind && (
            <Act needs="workflows.publish" variant="default" onClick={() => publish()}>
              {text.publish}
            </Act>
          )}
          <Act
            needs="workflows.write"
            variant="default"
            icon={<Pencil size={14} aria-hidden />}
            onClick={() => go(`/workflows/${id}/edit`)}
          >
            Edit
          </Act>
        </>
      }
      tabs={
        <PageTabs
          label="Views of the workflow"
          value={tab}
          onChange={(next) => change({ tab: next })}
          items={TABS.filter((one) => one !== 'runs' || may('executions.read')).map((value) => ({
            value,
            label: value.charAt(0).toUpperCase() + value.slice(1),
          }))}
        />
      }
    >
      {tab === 'overview' && <Overview workflow={workflow} />}
      {tab === 'runs' && (
        <Panel flush>
          <RunList query={{ workflow: id }} hide={['workflow']} />
        </Panel>
      )}
      {tab === 'versions' && <VersionsTab workflow={workflow} />}
      {tab === 'triggers' && <TriggersTab workflow={workflow} />}
      {tab === 'settings' && <SettingsTab workflow={workflow} />}
      {isStart && <StartDialog workflow={workflow} close={() => setStart(false)} />}
    </Page>
  )
}
