import { Group, Stack } from '@mantine/core'
import { Users, X } from 'lucide-react'
import { useState } from 'react'
import { send } from '../../api/client'
import { useAct, useList } from '../../api/queries'
import type { GroupView, MemberView } from '../../api/schema.gen'
import { useMay } from '../../app/permissions'
import { Act } from '../../ui/Act'
import { ErrorBox } from '../../ui/ErrorBox'
import { PersonPicker } from '../../ui/PersonPicker'
import { ResourceList } from '../../ui/ResourcePage'
import { SafeText } from '../../ui/SafeText'
import { TimeText } from '../../ui/TimeText'
import { text } from './text'

const FIELDS = [
  { name: 'name', label: 'Name', required: true },
  { name: 'description', label: 'Description', kind: 'textarea' as const },
]

function Members({ id }: { id: string }) {
  const may = useMay()
  const [person, setPerson] = useState<string | null>(null)
  const members = useList<MemberView>(`/groups/${id}/members`)
  const add = useAct({
    touches: ['/groups'],
    run: () => send('PUT', `/groups/${id}/members/${person}`),
    onDone: () => setPerson(null),
  })
  const remove = useAct<string>({ touches: ['/groups'], run: (one) => send('DELETE', `/groups/${id}/members/${one}`) })
  return (
    <Stack gap="xs">
      <strong>{members.items.length} members</strong>
      {members.items.map((one) => (
        <Group key={one.userId} justify="space-between">
          <span>
            <SafeText most={60}>{one.name}</SafeText> <SafeText most={60}>{one.email}</SafeText>
          </span>
          {may('users.manage') && (
            <Act
              iconOnly
              label={`Remove ${one.name}`}
              icon={<X size={14} aria-hidden />}
              onClick={() => remove.mutate(one.userId)}
            />
          )}
        </Group>
      ))}
      {may('users.manage') && (
        <Group align="end">
          <PersonPicker label="Put in" value={person} onChange={setPerson} />
          <Act
            variant="default"
            because={person ? null : 'Choose a person first.'}
            loading={add.isPending}
            onClick={() => add.mutate()}
          >
            Add
          </Act>
        </Group>
      )}
      <ErrorBox error={members.error ?? add.error ?? remove.error} />
    </Stack>
  )
}

export function Groups() {
  return (
    <ResourceList<GroupView>
      resource={{
        noun: 'group',
        path: '/groups',
        needs: 'users.manage',
        icon: Users,
        empty: text.noGroups,
        emptyText: text.noGroupsText,
        nameOf: (one) => one.name,
        keyOf: (one) => one.id,
        versionOf: (one) => one.version,
        create: FIELDS,
        edit: FIELDS,
        detail: (one) => <Members id={one.id} />,
        deletable: true,
        columns: [
          { key: 'name', title: 'Name', render: (one) => <SafeText most={80}>{one.name}</SafeText> },
          {
            key: 'description',
            title: 'Description',
            from: 520,
            render: (one) => <SafeText most={120}>{one.description}</SafeText>,
          },
          { key: 'members', title: 'Members', width: '90px', align: 'end', render: (one) => one.members },
          {
            key: 'updated',
            title: 'Changed',
            width: '110px',
            from: 640,
            render: (one) => <TimeText at={one.updatedAt} relative />,
          },
        ],
      }}
    />
  )
}
