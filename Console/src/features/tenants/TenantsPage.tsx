import { Alert, Code as Mono, Modal, Stack } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { Building2 } from 'lucide-react'
import { useState } from 'react'
import { send } from '../../api/client'
import { invalidate } from '../../api/queries'
import type { CreatedTenantView, TenantView } from '../../api/schema.gen'
import { Act } from '../../ui/Act'
import { useConfirm } from '../../ui/Confirm'
import { choices } from '../../ui/fields'
import { Facts } from '../../ui/Page'
import { ResourcePage } from '../../ui/ResourcePage'
import { SafeText } from '../../ui/SafeText'
import { StatusText } from '../../ui/StatusText'
import { TimeText } from '../../ui/TimeText'
import { text } from './text'

type Verb = 'suspend' | 'resume' | 'close' | 'reopen'

const VERBS: Record<Verb, string> = {
  suspend: 'Nobody of it can sign in, and nothing starts, until it is resumed.',
  resume: 'It goes on as before.',
  close: 'It is erased after a time of grace.',
  reopen: 'It goes on; nothing is erased.',
}

const verbsOf = (status: string): Verb[] =>
  status === 'active'
    ? ['suspend', 'close']
    : status === 'suspended'
      ? ['resume', 'close']
      : status === 'closed'
        ? ['reopen']
        : []

function Detail({ tenant }: { tenant: TenantView }) {
  const confirm = useConfirm()
  const client = useQueryClient()
  const act = (verb: Verb) =>
    confirm({
      title: `${verb.charAt(0).toUpperCase()}${verb.slice(1)} ${tenant.name}`,
      body: VERBS[verb],
      act: verb.charAt(0).toUpperCase() + verb.slice(1),
      danger: verb === 'close' || verb === 'suspend',
      reason: verb === 'suspend' || verb === 'close' ? 'needed' : undefined,
      run: async (reason) => {
        await send('POST', `/tenants/${tenant.id}/${verb}`, { body: reason ? { reason } : {}, ifMatch: tenant.version })
        await invalidate(client, ['/tenants'])
      },
    })
  const { figures } = tenant
  return (
    <Stack>
      <Facts
        items={[
          ['Status', <StatusText key="s" status={tenant.status} />],
          ['Why', <SafeText key="w">{tenant.statusReason ?? '–'}</SafeText>],
          ['Users', figures.users],
          ['Workflows', figures.workflows],
          ['Runs, last day', figures.executionsLastDay],
          ['Failed, last day', figures.failuresLastDay],
          ['In the queue', figures.queued],
          ['Lets us in until', <TimeText key="o" at={tenant.operatorAccessUntil} none="not now" />],
        ]}
      />
      <div>
        {verbsOf(tenant.status).map((verb) => (
          <span key={verb}>
            <Act needs="platform.manage" variant="default" onClick={() => act(verb)}>
              {verb}
            </Act>{' '}
          </span>
        ))}
      </div>
    </Stack>
  )
}

export default function TenantsPage() {
  const [made, setMade] = useState<CreatedTenantView | null>(null)
  return (
    <>
      <ResourcePage<TenantView>
        title={text.title}
        sub={text.sub}
        resource={{
          noun: 'tenant',
          path: '/tenants',
          needs: 'platform.manage',
          icon: Building2,
          empty: text.empty,
          nameOf: (one) => one.name,
          keyOf: (one) => one.id,
          versionOf: (one) => one.version,
          filters: [
            { name: 'q', label: 'Name' },
            { name: 'status', label: 'Status', options: choices(['active', 'suspended', 'closed']) },
          ],
          create: [
            { name: 'slug', label: 'Address', required: true, help: 'Lower case letters, digits and hyphens.' },
            { name: 'name', label: 'Name', required: true },
            { name: 'ownerEmail', label: 'E-mail address of the owner', required: true },
            { name: 'plan', label: 'Plan' },
          ],
          edit: [
            { name: 'name', label: 'Name', required: true },
            { name: 'plan', label: 'Plan' },
          ],
          onCreated: (data) => setMade(data as CreatedTenantView),
          detail: (one) => <Detail tenant={one} />,
          columns: [
            { key: 'name', title: 'Name', render: (one) => <SafeText most={80}>{one.name}</SafeText> },
            { key: 'status', title: 'Status', width: '110px', render: (one) => <StatusText status={one.status} /> },
            { key: 'plan', title: 'Plan', width: '90px', from: 560, render: (one) => one.plan },
            {
              key: 'users',
              title: 'Users',
              width: '70px',
              from: 640,
              align: 'end',
              render: (one) => one.figures.users,
            },
            {
              key: 'runs',
              title: 'Runs, last day',
              width: '110px',
              from: 720,
              align: 'end',
              render: (one) => one.figures.executionsLastDay,
            },
          ],
        }}
      />
      {made?.ownerPassword && (
        <Modal opened onClose={() => setMade(null)} title={made.tenant.name}>
          <Stack>
            <Alert color="yellow">{text.once}</Alert>
            <Mono block>{`${made.ownerEmail}\n${made.ownerPassword}`}</Mono>
          </Stack>
        </Modal>
      )}
    </>
  )
}
