import { Button, Stack, Switch } from '@mantine/core'
import { useState } from 'react'
import { send } from '../../api/client'
import { usePreferences, useRemember } from '../../api/preferences'
import { useApi } from '../../api/queries'
import type { ProfileView } from '../../api/schema.gen'
import { useSession } from '../../api/session'
import { areKeysOn, setKeysOn } from '../../app/keys'
import { Waiting } from '../../ui/EmptyState'
import { ErrorBox } from '../../ui/ErrorBox'
import { type Field, ZONES } from '../../ui/fields'
import { FieldsForm } from '../../ui/FormDrawer'
import { Facts, Panel } from '../../ui/Page'
import { SafeText } from '../../ui/SafeText'
import { Tag } from '../../ui/StatusText'
import { TimeText } from '../../ui/TimeText'

const FIELDS: Field[] = [
  { name: 'name', label: 'Name', required: true },
  { name: 'username', label: 'Username', required: true },
  {
    name: 'timeZone',
    label: 'Time zone',
    kind: 'select',
    options: ZONES,
  },
]

export function Profile() {
  const { me } = useSession()
  const preferences = usePreferences()
  const remember = useRemember()
  const [isKeys, setKeys] = useState(areKeysOn)
  const found = useApi<ProfileView>('/users/me')
  if (found.error) return <ErrorBox error={found.error} retry={() => void found.refetch()} />
  if (!found.data) return <Waiting />
  const profile = found.data
  return (
    <>
      <Panel title="Profile">
        <Stack>
          <Facts
            items={[
              ['E-mail', <SafeText key="e">{profile.email}</SafeText>],
              ['Confirmed', profile.emailVerified ? 'yes' : 'no'],
              ['Roles', profile.roles.join(', ')],
              ['Last signed in', <TimeText key="l" at={profile.lastLoginAt} relative />],
            ]}
          />
          <FieldsForm
            key={profile.version}
            fields={FIELDS}
            initial={profile}
            touches={['/users/me']}
            done="Your profile was changed."
            run={(body) => send('PATCH', '/users/me', { body, ifMatch: profile.version })}
          />
        </Stack>
      </Panel>
      <Panel title="Keys">
        <Switch
          label="Single letters act, as j and k in lists"
          checked={isKeys}
          onChange={(event) => {
            setKeys(event.currentTarget.checked)
            setKeysOn(event.currentTarget.checked)
          }}
        />
      </Panel>
      {preferences?.firstWorkflow === 'hidden' && (
        <Panel title="First steps">
          <Button
            variant="default"
            loading={remember.isPending}
            onClick={() => remember.mutate({ firstWorkflow: undefined })}
          >
            Show the first steps on Home again
          </Button>
          <ErrorBox error={remember.error} />
        </Panel>
      )}
      <Panel title={`What I may: ${me?.permissions.length ?? 0} permissions`}>
        {me?.permissions.map((one) => (
          <span key={one}>
            <Tag>{one}</Tag>{' '}
          </span>
        ))}
      </Panel>
    </>
  )
}
