import { useQueryClient } from '@tanstack/react-query'
import { send } from '../../api/client'
import { invalidate, useAct, useApi } from '../../api/queries'
import type { DeletionView, GrantView, ObjectPermissionsView, WorkflowView } from '../../api/schema.gen'
import { useGo } from '../../app/links'
import { Act } from '../../ui/Act'
import { useConfirm } from '../../ui/Confirm'
import type { Field } from '../../ui/fields'
import { FieldsForm } from '../../ui/FormDrawer'
import { saveText } from '../../ui/JsonView'
import { ErrorBox } from '../../ui/ErrorBox'
import { Panel } from '../../ui/Page'
import { countText } from '../../ui/safe'
import { SafeText } from '../../ui/SafeText'
import { Tag } from '../../ui/StatusText'
import { tellError } from '../../ui/notify'
import { text } from './text'
import classes from './Workflows.module.css'

const FIELDS: Field[] = [
  { name: 'name', label: 'Name', required: true },
  { name: 'description', label: 'Description', kind: 'textarea', help: 'Markdown.' },
  { name: 'tags', label: 'Tags', kind: 'tags' },
  { name: 'environment', label: 'Environment' },
  { name: 'enabled', label: 'On', kind: 'switch', help: 'Off, nothing starts it; runs that have begun go on.' },
]

function useDelete(workflow: WorkflowView) {
  const confirm = useConfirm()
  const client = useQueryClient()
  const go = useGo()
  return async () => {
    const { data } = await send<DeletionView>('GET', `/workflows/${workflow.id}/deletion`)
    const uses = data.usedBy.length
    const needsForce = uses > 0
    confirm({
      title: `Delete ${workflow.name}`,
      body: (
        <>
          <p>{text.deleteText}</p>
          <ul>
            <li>{countText(data.schedules.count, 'schedule')} go with it</li>
            <li>{countText(data.running.count, 'run')} of it have not ended and are cancelled</li>
            {data.usedBy.slice(0, 10).map((use) => (
              <li key={use.id}>
                used by the {use.type} <SafeText>{use.name}</SafeText>
              </li>
            ))}
          </ul>
        </>
      ),
      act: 'Delete',
      danger: true,
      reason: 'optional',
      run: async (reason) => {
        await send('DELETE', `/workflows/${workflow.id}`, {
          ifMatch: workflow.version,
          query: {
            force: needsForce || undefined,
            cancel: data.running.count > 0 || undefined,
            reason: reason || undefined,
          },
        })
        await invalidate(client, ['/workflows', '/trash'])
        go('/workflows')
      },
    })
  }
}

export function SettingsTab({ workflow }: { workflow: WorkflowView }) {
  const remove = useDelete(workflow)
  const ask = useAct({ run: remove, onError: tellError })
  const grants = useApi<ObjectPermissionsView>(`/workflows/${workflow.id}/permissions`)
  const exporting = useAct({
    run: async () => {
      const { data } = await send<unknown>('GET', `/workflows/${workflow.id}`)
      saveText(JSON.stringify((data as WorkflowView).definition, null, 2), 'definition.json')
    },
    onError: tellError,
  })
  return (
    <>
      <Panel title="Settings">
        <FieldsForm
          key={workflow.version}
          fields={FIELDS}
          initial={workflow}
          touches={['/workflows']}
          done={`${workflow.name} was changed.`}
          run={(body) => send('PATCH', `/workflows/${workflow.id}`, { body, ifMatch: workflow.version })}
        />
      </Panel>
      <Panel title="Who may what" flush>
        <ErrorBox error={grants.error} />
        {grants.data?.grants.length === 0 && (
          <p className={classes.trigger}>
            Nothing was granted on it. Who may by their role, may here. Your level: {grants.data.level}.
          </p>
        )}
        {grants.data?.grants.map((grant: GrantView) => (
          <div key={grant.id} className={classes.trigger}>
            <div className={classes.triggerHead}>
              <SafeText>{grant.grantee.name}</SafeText>
              <Tag tone="run">{grant.level}</Tag>
              {grant.inherited && <span className={classes.dim}>from above</span>}
              {grant.isExpired && <Tag>expired</Tag>}
            </div>
          </div>
        ))}
      </Panel>
      <Panel title="More">
        <div className={classes.tags}>
          <Act variant="default" loading={exporting.isPending} onClick={() => exporting.mutate()}>
            Download the definition
          </Act>
          <Act needs="workflows.write" variant="light" color="red" loading={ask.isPending} onClick={() => ask.mutate()}>
            Delete…
          </Act>
        </div>
      </Panel>
    </>
  )
}
