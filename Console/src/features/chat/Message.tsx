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
  href?: string
}

const sourcesOf = (message: MessageView): Source[] =>
  Array.isArray(message.sources) ? (message.sources as unknown as Source[]) : []

const costText = (usd: number) => (usd > 0 ? `$${usd.toLocaleString('en', { maximumSignificantDigits: 2 })}` : '')

function Sources({ sources }: { sources: Source[] }) {
  if (sources.length === 0) return null
  return (
    <ol className={classes.sources} aria-label="Sources">
      {sources.map((source) => (
        <li key={source.number} value={source.number}>
          {source.href?.startsWith('/') ? (
            <Go href={source.href}>
              <SafeText most={120}>{source.title}</SafeText>
            </Go>
          ) : (
            <SafeText most={120}>{source.title}</SafeText>
          )}
        </li>
      ))}
    </ol>
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
      <Sources sources={sourcesOf(message)} />
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
