import { send } from '../../api/client'
import { useAct, useApi } from '../../api/queries'
import type { NotificationSettingsView, SubscriptionView } from '../../api/schema.gen'
import { Act } from '../../ui/Act'
import { DataTable } from '../../ui/DataTable'
import { EmptyState } from '../../ui/EmptyState'
import { ErrorBox } from '../../ui/ErrorBox'
import { choices } from '../../ui/fields'
import { FieldsForm } from '../../ui/FormDrawer'
import { tellError } from '../../ui/notify'
import { Panel } from '../../ui/Page'
import { myZone } from '../../app/time'
import { text } from './text'

const SUBSCRIPTIONS = '/users/me/subscriptions'
const SETTINGS = '/users/me/notification-settings'

function Mails() {
  const found = useApi<NotificationSettingsView>(SETTINGS)
  if (found.error) return <ErrorBox error={found.error} />
  if (!found.data) return null
  const { digest, zone, quietHours } = found.data
  return (
    <Panel title={text.mails}>
      <FieldsForm
        key={JSON.stringify(found.data)}
        fields={[
          {
            name: 'digest',
            label: 'Mails',
            kind: 'select',
            required: true,
            options: choices(['immediate', 'hourly', 'daily']),
          },
          { name: 'from', label: 'Quiet from', placeholder: '22:00' },
          { name: 'to', label: 'Quiet until', placeholder: '07:00' },
          { name: 'zone', label: 'By the clocks of' },
        ]}
        initial={{ digest, zone: quietHours?.zone ?? zone ?? myZone(), from: quietHours?.from, to: quietHours?.to }}
        touches={[SETTINGS]}
        done="Your settings were changed."
        run={(body) => {
          const quiet = body.from && body.to ? { from: body.from, to: body.to, zone: body.zone } : null
          return send('PUT', SETTINGS, { body: { digest: body.digest, zone: body.zone, quietHours: quiet } })
        }}
      />
    </Panel>
  )
}

export function Notices() {
  const found = useApi<SubscriptionView[]>(SUBSCRIPTIONS, { per_page: 100 })
  const remove = useAct<string>({
    touches: [SUBSCRIPTIONS],
    run: (id) => send('DELETE', `${SUBSCRIPTIONS}/${id}`),
    onError: tellError,
  })
  return (
    <>
      <Mails />
      <Panel title={text.subscriptions} flush>
        <DataTable<SubscriptionView>
          label={text.subscriptions}
          list={{ items: found.data ?? [], isLoading: found.isLoading, error: found.error }}
          rowKey={(one) => one.id}
          empty={<EmptyState title={text.noSubscriptions} />}
          actions={(one) => (
            <Act size="compact-xs" variant="subtle" onClick={() => remove.mutate(one.id)}>
              End
            </Act>
          )}
          columns={[
            { key: 'object', title: 'Of', render: (one) => `${one.objectType} ${one.objectId.slice(0, 13)}…` },
            { key: 'events', title: 'Told of', render: (one) => one.events.join(', ') },
            { key: 'channels', title: 'By', from: 480, render: (one) => one.channels.join(', ') },
          ]}
        />
      </Panel>
    </>
  )
}
