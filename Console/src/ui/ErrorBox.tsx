import { Button, CopyButton } from '@mantine/core'
import { CircleX } from 'lucide-react'
import { toApiError } from '../api/errors'
import classes from './boxes.module.css'
import { SafeText } from './SafeText'

const asText = (error: ReturnType<typeof toApiError>) =>
  [
    `${error.code} (${error.status})`,
    error.message,
    ...error.details.map((detail) => `${detail.pointer}: ${detail.code} ${detail.message} ${detail.hint ?? ''}`.trim()),
    error.requestId ? `request ${error.requestId}` : '',
  ]
    .filter(Boolean)
    .join('\n')

/** What went wrong, in the API's own words, with what helps to ask somebody about it. */
export function ErrorBox({ error, retry }: { error: unknown; retry?: () => void }) {
  if (!error) return null
  const failure = toApiError(error)
  return (
    <div className={classes.error} role="alert">
      <CircleX size={18} aria-hidden className={classes.errorIcon} />
      <div className={classes.errorBody}>
        <div>
          <SafeText most={600}>{failure.message}</SafeText>
        </div>
        {failure.details.length > 0 && (
          <ul className={classes.details}>
            {failure.details.slice(0, 20).map((detail) => (
              <li key={`${detail.pointer}${detail.code}${detail.message}`}>
                <code>{detail.pointer || '/'}</code> <SafeText>{detail.message}</SafeText>
                {detail.hint && <span className={classes.hint}> {detail.hint}</span>}
              </li>
            ))}
          </ul>
        )}
        <div className={classes.errorFoot}>
          <code>{failure.code}</code>
          {failure.retryAfter && <span>again in {failure.retryAfter} s</span>}
          {failure.requestId && <span>request {failure.requestId}</span>}
          <CopyButton value={asText(failure)}>
            {({ copied, copy }) => (
              <Button variant="subtle" size="compact-xs" onClick={copy}>
                {copied ? 'Copied' : 'Copy'}
              </Button>
            )}
          </CopyButton>
          {retry && (
            <Button variant="subtle" size="compact-xs" onClick={retry}>
              Retry
            </Button>
          )}
        </div>
      </div>
    </div>
  )
}
