import { Anchor, Button, PasswordInput, Stack, TextInput } from '@mantine/core'
import { type FormEvent, useEffect, useState } from 'react'
import { type ApiError, toApiError } from '../../api/errors'
import { answerChallenge, signIn, useSession } from '../../api/session'
import { Go } from '../../app/links'
import { ErrorBox } from '../../ui/ErrorBox'
import { Front } from './Front'
import { text } from './text'

function useCountdown(error: ApiError | null) {
  const [left, setLeft] = useState(0)
  useEffect(() => {
    if (!error?.retryAfter) {
      setLeft(0)
      return undefined
    }
    const until = Date.now() + error.retryAfter * 1000
    const tick = () => setLeft(Math.max(0, Math.ceil((until - Date.now()) / 1000)))
    tick()
    const timer = setInterval(tick, 500)
    return () => clearInterval(timer)
  }, [error])
  return left
}

export default function LoginPage() {
  const { notice } = useSession()
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const [tenants, setTenants] = useState<string[] | null>(null)
  const [tenant, setTenant] = useState('')
  const [challenge, setChallenge] = useState<string | null>(null)
  const [code, setCode] = useState('')
  const [error, setError] = useState<ApiError | null>(null)
  const [isBusy, setBusy] = useState(false)
  const left = useCountdown(error)
  useEffect(() => {
    document.title = `${text.signIn} · Workflows`
  }, [])

  const refused = (failure: ApiError) => {
    if (failure.code === 'SECOND_FACTOR_REQUIRED') {
      setChallenge(failure.details.find((detail) => detail.pointer === '/challenge')?.message ?? null)
      return setError(null)
    }
    const choices = failure.details.filter((detail) => detail.code === 'CHOICE').map((detail) => detail.message)
    if (choices.length > 0) setTenants(choices)
    setError(choices.length > 0 ? null : failure)
  }
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    try {
      if (challenge) await answerChallenge(challenge, code)
      else await signIn({ email: email.trim(), password, tenant: tenant || undefined })
    } catch (caught) {
      refused(toApiError(caught))
    } finally {
      setBusy(false)
    }
  }
  return (
    <Front title={challenge ? text.secondFactor : text.signIn}>
      <form onSubmit={(event) => void submit(event)}>
        <Stack gap="sm">
          {notice && !error && <p>{text.ended}</p>}
          {challenge ? (
            <TextInput
              label={text.code}
              description={text.codeHelp}
              autoComplete="one-time-code"
              autoFocus
              required
              value={code}
              onChange={(event) => setCode(event.currentTarget.value)}
            />
          ) : (
            <>
              <TextInput
                label={text.email}
                type="email"
                name="email"
                autoComplete="username"
                required
                autoFocus
                value={email}
                onChange={(event) => setEmail(event.currentTarget.value)}
              />
              <PasswordInput
                label={text.password}
                name="password"
                autoComplete="current-password"
                required
                value={password}
                onChange={(event) => setPassword(event.currentTarget.value)}
              />
              {tenants && (
                <TextInput
                  label={text.tenant}
                  description={text.tenantHelp(tenants)}
                  required
                  autoFocus
                  value={tenant}
                  onChange={(event) => setTenant(event.currentTarget.value)}
                />
              )}
            </>
          )}
          <ErrorBox error={error} />
          <Button type="submit" size="sm" fullWidth loading={isBusy} disabled={left > 0}>
            {left > 0 ? text.wait(left) : text.signIn}
          </Button>
          {!challenge && (
            <Anchor component={Go} href="/forgot" size="sm" ta="center">
              {text.forgot}
            </Anchor>
          )}
        </Stack>
      </form>
    </Front>
  )
}
