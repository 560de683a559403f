import { SegmentedControl, Stack, useMantineColorScheme } from '@mantine/core'
import { send } from '../../api/client'
import { useAct, useApi } from '../../api/queries'
import type { OperatorAccessView, OwnTenantView, SecurityPolicyView } from '../../api/schema.gen'
import { useMay } from '../../app/permissions'
import { Act } from '../../ui/Act'
import { useConfirm } from '../../ui/Confirm'
import { DataTable } from '../../ui/DataTable'
import { EmptyState } from '../../ui/EmptyState'
import { ErrorBox } from '../../ui/ErrorBox'
import { FieldsForm } from '../../ui/FormDrawer'
import { JsonView } from '../../ui/JsonView'
import { Facts, Page, Panel } from '../../ui/Page'
import { SafeText } from '../../ui/SafeText'
import { StatusText } from '../../ui/StatusText'
import { TimeText } from '../../ui/TimeText'
import { tellError } from '../../ui/notify'
import { text } from './text'

function Look() {
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  return (
    <Panel title="Look">
      <SegmentedControl
        aria-label="Look"
        value={colorScheme}
        onChange={(value) => setColorScheme(value as 'light' | 'dark' | 'auto')}
        data={[
          { value: 'auto', label: 'As the system' },
          { value: 'light', label: 'Light' },
          { value: 'dark', label: 'Dark' },
        ]}
      />
    </Panel>
  )
}

function Tenant() {
  const may = useMay()
  const tenant = useApi<OwnTenantView>(may('tenant.manage') ? '/tenant' : null)
  if (tenant.error) return <ErrorBox error={tenant.error} />
  if (!tenant.data) return null
  const own = tenant.data
  return (
    <Panel title={text.tenant}>
      <Stack>
        <Facts
          items={[
            ['Address', <code key="s">{own.slug}</code>],
            ['Plan', own.plan],
            ['Status', <StatusText key="t" status={own.status} />],
            ['Made', <TimeText key="c" at={own.createdAt} detail="minute" />],
          ]}
        />
        <FieldsForm
          key={own.version}
          fields={[{ name: 'name', label: 'Name', required: true }]}
          initial={own}
          touches={['/tenant']}
          done="The tenant was changed."
          run={(body) => send('PATCH', '/tenant', { body, ifMatch: own.version })}
        />
        <JsonView value={own.settings} label="Limits that the platform set" maxHeight="24vh" />
      </Stack>
    </Panel>
  )
}

function Policy() {
  const confirm = useConfirm()
  const policy = useApi<SecurityPolicyView>('/security-policy')
  const change = useAct<boolean>({
    touches: ['/security-policy'],
    run: async (requireSecondFactor) => {
      const { etag } = await send('GET', '/security-policy')
      return send('PUT', '/security-policy', { body: { requireSecondFactor }, ifMatch: etag ?? '*' })
    },
    onError: tellError,
  })
  if (policy.error) return <ErrorBox error={policy.error} />
  if (!policy.data) return null
  const { requireSecondFactor, usersWithout } = policy.data
  return (
    <Panel title={text.policy}>
      <Stack gap="xs">
        <StatusText
          status={requireSecondFactor ? 'enabled' : 'disabled'}
          label={`${text.second}: ${requireSecondFactor ? 'yes' : 'no'}`}
        />
        <div>
          <Act
            variant="default"
            loading={change.isPending}
            onClick={() =>
              confirm({
                title: text.second,
                body: text.secondHelp(usersWithout),
                act: requireSecondFactor ? 'No longer' : 'From now on',
                run: () => change.mutateAsync(!requireSecondFactor),
              })
            }
          >
            {requireSecondFactor ? 'Ask for it no longer' : 'Ask for it'}
          </Act>
        </div>
      </Stack>
    </Panel>
  )
}

function Operators() {
  const access = useApi<OperatorAccessView[]>('/tenant/operator-access', { per_page: 50 })
  const end = useAct<string>({
    touches: ['/tenant/operator-access'],
    run: (id) => send('DELETE', `/tenant/operator-access/${id}`),
    onError: tellError,
  })
  return (
    <Panel title={text.operator} flush>
      <DataTable<OperatorAccessView>
        label={text.operator}
        list={{ items: access.data ?? [], isLoading: access.isLoading, error: access.error }}
        rowKey={(one) => one.id}
        empty={<EmptyState title={text.noOperator} />}
        actions={(one) =>
          !one.revokedAt && (
            <Act size="compact-xs" variant="subtle" onClick={() => end.mutate(one.id)}>
              End
            </Act>
          )
        }
        columns={[
          { key: 'reason', title: 'Why', render: (one) => <SafeText most={120}>{one.reason}</SafeText> },
          { key: 'role', title: 'Role', width: '100px', from: 480, render: (one) => one.role },
          {
            key: 'ends',
            title: 'Until',
            width: '120px',
            render: (one) => <TimeText at={one.revokedAt ?? one.expiresAt} relative />,
          },
        ]}
      />
    </Panel>
  )
}

export default function SettingsPage() {
  const may = useMay()
  return (
    <Page title={text.title}>
      <Look />
      <Tenant />
      {may('tenant.manage') && <Policy />}
      {may('tenant.manage') && <Operators />}
    </Page>
  )
}
