import { Stack } from '@mantine/core'
import { Users as UsersIcon } from 'lucide-react'
import { send } from '../../api/client'
import { useAct, useApi } from '../../api/queries'
import type { RoleView, UserView } from '../../api/schema.gen'
import { useMay } from '../../app/permissions'
import { Act } from '../../ui/Act'
import { useConfirm } from '../../ui/Confirm'
import { choices, type Field } from '../../ui/fields'
import { tellDone, tellError } from '../../ui/notify'
import { Facts } from '../../ui/Page'
import { ResourceList } from '../../ui/ResourcePage'
import { SafeText } from '../../ui/SafeText'
import { StatusText, Tag } from '../../ui/StatusText'
import { TimeText } from '../../ui/TimeText'
import { text } from './text'

function Detail({ user, roles }: { user: UserView; roles: RoleView[] }) {
  const confirm = useConfirm()
  const may = useMay()
  const sessions = useAct({
    run: () => send<{ ended: number }>('DELETE', `/users/${user.id}/sessions`),
    onDone: ({ data }) => tellDone(`${data.ended} sessions were ended.`),
    onError: tellError,
  })
  const permissions = [
    ...new Set(roles.filter((role) => user.roles.includes(role.name)).flatMap((role) => role.permissions)),
  ].sort()
  return (
    <Stack>
      <Facts
        items={[
          ['E-mail', <SafeText key="e">{user.email}</SafeText>],
          ['Confirmed', user.emailVerified ? 'yes' : 'no'],
          ['Last signed in', <TimeText key="l" at={user.lastLoginAt} relative none="never" />],
          ['Time zone', user.timeZone],
          ['API keys', user.apiKeys],
          ['Locked until', <TimeText key="k" at={user.lockedUntil} none="not locked" />],
        ]}
      />
      <details>
        <summary>May {permissions.length} things, by its roles</summary>
        {permissions.map((one) => (
          <span key={one}>
            <Tag>{one}</Tag>{' '}
          </span>
        ))}
      </details>
      {may('users.manage') && (
        <div>
          {user.lockedUntil && (
            <Act
              variant="default"
              onClick={() =>
                confirm({
                  title: `Unlock ${user.name}`,
                  body: text.unlock,
                  act: 'Unlock',
                  run: () => send('POST', `/users/${user.id}/unlock`),
                })
              }
            >
              Unlock
            </Act>
          )}{' '}
          <Act variant="default" loading={sessions.isPending} onClick={() => sessions.mutate()}>
            End all sessions
          </Act>
        </div>
      )}
    </Stack>
  )
}

export function Users() {
  const roles = useApi<RoleView[]>('/roles')
  const names = choices((roles.data ?? []).map((role) => role.name))
  const edit: Field[] = [
    { name: 'name', label: 'Name', required: true },
    { name: 'roles', label: 'Roles', kind: 'multi', options: names },
    { name: 'timeZone', label: 'Time zone' },
    { name: 'active', label: 'May sign in', kind: 'switch' },
  ]
  return (
    <ResourceList<UserView>
      resource={{
        noun: 'user',
        path: '/users',
        needs: 'users.manage',
        icon: UsersIcon,
        empty: 'Nobody is here',
        nameOf: (one) => one.name,
        keyOf: (one) => one.id,
        versionOf: (one) => one.version,
        filters: [
          { name: 'name', label: 'Name begins with' },
          { name: 'role', label: 'Role', options: names, width: 130 },
          {
            name: 'active',
            label: 'State',
            width: 120,
            options: [
              { value: 'true', label: 'Active' },
              { value: 'false', label: 'Inactive' },
            ],
          },
        ],
        create: [
          { name: 'email', label: 'E-mail address', required: true },
          { name: 'name', label: 'Name', required: true },
          {
            name: 'password',
            label: 'First password',
            kind: 'password',
            required: true,
            help: '12 characters or more, and hard to guess.',
          },
          { name: 'roles', label: 'Roles', kind: 'multi', required: true, options: names },
        ],
        edit,
        detail: (one) => <Detail user={one} roles={roles.data ?? []} />,
        deletable: true,
        deleteText: () => 'Who owns something, or is asked something, has to hand it over first.',
        columns: [
          { key: 'name', title: 'Name', render: (one) => <SafeText most={80}>{one.name}</SafeText> },
          {
            key: 'email',
            title: 'E-mail',
            width: 'minmax(0, 1.3fr)',
            from: 520,
            render: (one) => <SafeText most={80}>{one.email}</SafeText>,
          },
          {
            key: 'roles',
            title: 'Roles',
            from: 640,
            render: (one) => <SafeText most={80}>{one.roles.join(', ')}</SafeText>,
          },
          {
            key: 'state',
            title: 'State',
            width: '110px',
            render: (one) => <StatusText status={one.active ? 'active' : 'inactive'} />,
          },
          {
            key: 'login',
            title: 'Signed in',
            width: '110px',
            from: 780,
            render: (one) => <TimeText at={one.lastLoginAt} relative none="never" />,
          },
        ],
      }}
    />
  )
}
