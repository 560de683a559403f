import { Alert } from '@mantine/core'
import { useParams } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { acceptInvitation, postAnonymous } from '../../api/session'
import { toApiError } from '../../api/errors'
import { Go, useGo } from '../../app/links'
import { ErrorBox } from '../../ui/ErrorBox'
import type { Field } from '../../ui/fields'
import { FieldsForm } from '../../ui/FormDrawer'
import { Front } from './Front'
import { text } from './text'

const PASSWORD: Field = {
  name: 'password',
  label: text.password,
  kind: 'password',
  required: true,
  help: text.passwordHelp,
}

const useToken = () => (useParams({ strict: false }) as { token: string }).token

export function InvitePage() {
  const token = useToken()
  const go = useGo()
  return (
    <Front title={text.invited}>
      <FieldsForm
        fields={[{ name: 'name', label: 'Name' }, PASSWORD]}
        act={text.join}
        run={async ({ password, name }) => {
          await acceptInvitation({ token, password: password as string, name: name as string | undefined })
          go('/')
        }}
      />
    </Front>
  )
}

export function ForgotPage() {
  const [isSent, setSent] = useState(false)
  return (
    <Front title={text.forgotTitle}>
      {isSent ? (
        <Alert color="teal">{text.forgotSent}</Alert>
      ) : (
        <FieldsForm
          fields={[
            { name: 'email', label: text.email, required: true },
            { name: 'tenant', label: text.tenant },
          ]}
          act={text.forgotAct}
          run={async (body) => {
            await postAnonymous('/auth/request-password-reset', body)
            setSent(true)
          }}
        />
      )}
      <p>
        <Go href="/">{text.back}</Go>
      </p>
    </Front>
  )
}

export function ResetPage() {
  const token = useToken()
  const go = useGo()
  return (
    <Front title={text.resetTitle}>
      <FieldsForm
        fields={[PASSWORD]}
        act={text.resetAct}
        done={text.resetDone}
        run={async ({ password }) => {
          await postAnonymous('/auth/reset-password', { token, password })
          go('/')
        }}
      />
    </Front>
  )
}

export function VerifyPage() {
  const token = useToken()
  const [error, setError] = useState<unknown>(null)
  const [isDone, setDone] = useState(false)
  useEffect(() => {
    postAnonymous('/auth/verify-email', { token }).then(
      () => setDone(true),
      (caught: unknown) => setError(toApiError(caught)),
    )
  }, [token])
  return (
    <Front title={text.verifyTitle}>
      <ErrorBox error={error} />
      {isDone && <Alert color="teal">{text.verified}</Alert>}
      <p>
        <Go href="/">{text.back}</Go>
      </p>
    </Front>
  )
}
