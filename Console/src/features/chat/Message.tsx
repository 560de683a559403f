import type { MessageView } from '../../api/schema.gen'
import { Go } from '../../app/links'
import { Markdown } from '../../ui/Markdown'
import { SafeText } from '../../ui/SafeText'
import { safeText } from '../../ui/safe'
import classes from './ChatPage.module.css'
import { text } from './text'

interface Source {
  number: number
  title: string
  label: string
  link: string
}

interface Grounds {
  passages: Source[]
  sentences: { text: string; sources: number[]; isSupported: boolean }[]
}

const groundsOf = (message: MessageView) => message.sources as unknown as Grounds | null

const costText = (usd: number) => (usd > 0 ? `$${usd.toLocaleString('en', { maximumSignificantDigits: 2 })}` : '')

/** What the answer names as its sources, and the sentences that name none. */
function Sources({ grounds }: { grounds: Grounds | null }) {
  if (!grounds) return null
  const named = new Set(grounds.sentences.flatMap((one) => one.sources))
  const bare = grounds.sentences.filter((one) => !one.isSupported)
  return (
    <>
      <ol className={classes.sources} aria-label="Sources">
        {grounds.passages
          .filter((one) => named.has(one.number))
          .map((one) => (
            <li key={one.number} value={one.number}>
              <Go href={one.link}>
                <SafeText most={120}>{one.label ? `${one.title} · ${one.label}` : one.title}</SafeText>
              </Go>
            </li>
          ))}
      </ol>
      {bare.length > 0 && (
        <p className={classes.when} role="note">
          {text.unsupported}{' '}
          {bare.map((one) => (
            <q key={one.text}>
              <SafeText most={160}>{one.text}</SafeText>
            </q>
          ))}
        </p>
      )}
    </>
  )
}

export function Message({ message }: { message: MessageView }) {
  if (message.role === 'user')
    return (
      <article className={classes.message} data-role="user" aria-label="You">
        {safeText(message.content)}
      </article>
    )
  return (
    <article className={classes.message} data-role={message.role} aria-label="Answer">
      {message.content && <Markdown>{message.content}</Markdown>}
      <Sources grounds={groundsOf(message)} />
      <div className={classes.foot}>
        {message.model && <SafeText most={60}>{message.model}</SafeText>}
        {message.outputTokens > 0 && (
          <span>{(message.inputTokens + message.outputTokens).toLocaleString('en')} tokens</span>
        )}
        {costText(message.costUsd) && <span>{costText(message.costUsd)}</span>}
        {message.durationMs !== null && <span>{(message.durationMs / 1000).toFixed(1)} s</span>}
        {message.status === 'stopped' && <span>{text.stopped}</span>}
        {message.status === 'failed' && (
          <span role="alert">
            <SafeText most={400}>{`${message.errorCode ?? 'Failed'}: ${message.errorMessage ?? ''}`}</SafeText>
          </span>
        )}
      </div>
    </article>
  )
}
