import { Alert, Button, Code as Mono, CopyButton, Modal, Stack } from '@mantine/core'
import { MailPlus } from 'lucide-react'
import { useState } from 'react'
import { send } from '../../api/client'
import { useAct, useApi } from '../../api/queries'
import type { GroupView, InvitationView, RoleView } from '../../api/schema.gen'
import { Act } from '../../ui/Act'
import { choices } from '../../ui/fields'
import { tellError } from '../../ui/notify'
import { Facts } from '../../ui/Page'
import { ResourceList } from '../../ui/ResourcePage'
import { SafeText } from '../../ui/SafeText'
import { StatusText } from '../../ui/StatusText'
import { TimeText } from '../../ui/TimeText'
import { text } from './text'

function Made({ invitation, close }: { invitation: InvitationView; close: () => void }) {
  const link = invitation.link ?? (invitation.token ? `${location.origin}/invite/${invitation.token}` : null)
  return (
    <Modal opened onClose={close} title={`${invitation.email} is invited`} closeOnClickOutside={false}>
      <Stack>
        <Alert color={link ? 'yellow' : 'teal'}>{link ? text.invited : text.mailed}</Alert>
        {link && (
          <>
            <Mono block>{link}</Mono>
            <CopyButton value={link}>
              {({ copied, copy }) => <Button onClick={copy}>{copied ? 'Copied' : 'Copy the link'}</Button>}
            </CopyButton>
          </>
        )}
      </Stack>
    </Modal>
  )
}

export function Invitations() {
  const [made, setMade] = useState<InvitationView | null>(null)
  const roles = useApi<RoleView[]>('/roles')
  const groups = useApi<GroupView[]>('/groups', { per_page: 100 })
  const resend = useAct<string, InvitationView>({
    touches: ['/invitations'],
    run: async (id) => (await send<InvitationView>('POST', `/invitations/${id}/resend`)).data,
    onDone: setMade,
    onError: tellError,
  })
  return (
    <>
      <ResourceList<InvitationView>
        resource={{
          noun: 'invitation',
          path: '/invitations',
          needs: 'users.manage',
          icon: MailPlus,
          empty: text.noInvitations,
          nameOf: (one) => one.email,
          keyOf: (one) => one.id,
          filters: [{ name: 'status', label: 'State', options: choices(['open', 'expired', 'accepted', 'revoked']) }],
          onCreated: (data) => setMade(data as InvitationView),
          create: [
            { name: 'email', label: 'E-mail address', required: true },
            { name: 'name', label: 'Name' },
            {
              name: 'roles',
              label: 'Roles',
              kind: 'multi',
              required: true,
              options: choices((roles.data ?? []).map((one) => one.name)),
            },
            {
              name: 'groups',
              label: 'Groups',
              kind: 'multi',
              options: (groups.data ?? []).map((one) => ({ value: one.id, label: one.name })),
            },
            { name: 'expiresInDays', label: 'Days that it is good for', kind: 'number', standard: 7, min: 1, max: 30 },
          ],
          detail: (one) => (
            <Stack>
              <Facts
                items={[
                  ['State', <StatusText key="s" status={one.status} />],
                  ['Ends', <TimeText key="e" at={one.expiresAt} />],
                  ['Roles', one.roles.join(', ')],
                ]}
              />
              {one.status !== 'accepted' && (
                <div>
                  <Act variant="default" loading={resend.isPending} onClick={() => resend.mutate(one.id)}>
                    A new link
                  </Act>
                </div>
              )}
            </Stack>
          ),
          deletable: (one) => one.status === 'open',
          deleteText: () => 'The link no longer works.',
          columns: [
            { key: 'email', title: 'E-mail', render: (one) => <SafeText most={80}>{one.email}</SafeText> },
            { key: 'status', title: 'State', width: '110px', render: (one) => <StatusText status={one.status} /> },
            {
              key: 'roles',
              title: 'Roles',
              from: 560,
              render: (one) => <SafeText most={80}>{one.roles.join(', ')}</SafeText>,
            },
            {
              key: 'ends',
              title: 'Ends',
              width: '110px',
              from: 480,
              render: (one) => <TimeText at={one.expiresAt} relative />,
            },
          ],
        }}
      />
      {made && <Made invitation={made} close={() => setMade(null)} />}
    </>
  )
}
