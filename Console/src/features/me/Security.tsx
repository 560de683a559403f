import { Alert, Code as Mono, Stack } from '@mantine/core'
import { useState } from 'react'
import { send } from '../../api/client'
import { useAct, useApi } from '../../api/queries'
import type { EnrolmentView, RecoveryCodesView, SecondFactorView, SessionView } from '../../api/schema.gen'
import { Act } from '../../ui/Act'
import { DataTable } from '../../ui/DataTable'
import { EmptyState } from '../../ui/EmptyState'
import { ErrorBox } from '../../ui/ErrorBox'
import { FieldsForm } from '../../ui/FormDrawer'
import { tellDone, tellError } from '../../ui/notify'
import { Panel } from '../../ui/Page'
import { SafeText } from '../../ui/SafeText'
import { Tag } from '../../ui/StatusText'
import { TimeText } from '../../ui/TimeText'
import { text } from './text'

function Sessions() {
  const sessions = useApi<SessionView[]>('/auth/sessions')
  const end = useAct<string>({
    touches: ['/auth/sessions'],
    run: (id) => send('DELETE', `/auth/sessions/${id}`),
    onDone: () => tellDone('The session was ended.'),
    onError: tellError,
  })
  return (
    <Panel title={text.sessions} flush>
      <DataTable<SessionView>
        label={text.sessions}
        list={{ items: sessions.data ?? [], isLoading: sessions.isLoading, error: sessions.error }}
        rowKey={(one) => one.id}
        empty={<EmptyState title="No session" />}
        actionsWidth="60px"
        actions={(one) =>
          !one.current && (
            <Act size="compact-xs" variant="subtle" onClick={() => end.mutate(one.id)}>
              End
            </Act>
          )
        }
        columns={[
          {
            key: 'agent',
            title: 'Program',
            width: 'minmax(0, 2fr)',
            render: (one) => <SafeText most={90}>{one.userAgent ?? '–'}</SafeText>,
          },
          { key: 'ip', title: 'From', width: '120px', from: 520, render: (one) => one.ip ?? '–' },
          {
            key: 'used',
            title: 'Used',
            width: '110px',
            render: (one) => (one.current ? <Tag tone="ok">this one</Tag> : <TimeText at={one.refreshedAt} relative />),
          },
          {
            key: 'ends',
            title: 'Ends',
            width: '110px',
            from: 640,
            render: (one) => <TimeText at={one.expiresAt} relative />,
          },
        ]}
      />
    </Panel>
  )
}

const PASSWORD = { name: 'password', label: 'Your password', kind: 'password' as const, required: true }
const CODE = { name: 'code', label: 'Code', required: true }

function Factor() {
  const factor = useApi<SecondFactorView>('/users/me/second-factor')
  const [enrolment, setEnrolment] = useState<EnrolmentView | null>(null)
  const [codes, setCodes] = useState<string[] | null>(null)
  const touches = ['/users/me/second-factor']
  if (factor.error) return <ErrorBox error={factor.error} />
  if (!factor.data) return null
  return (
    <Panel title={text.factor}>
      <Stack>
        <span>{factor.data.enabled ? text.factorOn(factor.data.recoveryCodesLeft) : text.factorOff}</span>
        {codes && (
          <Alert color="yellow" title={text.codes}>
            <Mono block>{codes.join('\n')}</Mono>
          </Alert>
        )}
        {factor.data.enabled ? (
          <FieldsForm
            key="remove"
            fields={[PASSWORD, CODE]}
            act="Remove it"
            touches={touches}
            done="The second factor was removed."
            run={(body) => send('POST', '/users/me/second-factor/remove', { body })}
          />
        ) : enrolment ? (
          <>
            <span>{text.scan}</span>
            <Mono block>{enrolment.secret}</Mono>
            <Mono block>{enrolment.uri}</Mono>
            <FieldsForm
              key="confirm"
              fields={[CODE]}
              act="Confirm"
              touches={touches}
              run={async (body) => {
                const { data } = await send<RecoveryCodesView>('POST', '/users/me/second-factor/confirm', { body })
                setCodes(data.codes)
                setEnrolment(null)
              }}
            />
          </>
        ) : (
          <FieldsForm
            key="enrol"
            fields={[PASSWORD]}
            act="Set it up"
            run={async (body) =>
              setEnrolment((await send<EnrolmentView>('POST', '/users/me/second-factor', { body })).data)
            }
          />
        )}
      </Stack>
    </Panel>
  )
}

export function Security() {
  return (
    <>
      <Sessions />
      <Panel title={text.password}>
        <FieldsForm
          fields={[
            { name: 'currentPassword', label: 'Password now', kind: 'password', required: true },
            {
              name: 'newPassword',
              label: 'New password',
              kind: 'password',
              required: true,
              help: '12 characters or more, and hard to guess.',
            },
          ]}
          act="Change the password"
          done="Your password was changed."
          run={(body) => send('POST', '/auth/password', { body })}
        />
      </Panel>
      <Factor />
    </>
  )
}
