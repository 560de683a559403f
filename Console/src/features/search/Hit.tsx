import { Go, hrefOf } from '../../app/links'
import { safeText } from '../../ui/safe'
import { SafeText } from '../../ui/SafeText'
import { Tag } from '../../ui/StatusText'
import { TimeText } from '../../ui/TimeText'
import classes from './Search.module.css'
import { text } from './text'

interface Highlight {
  start: number
  length: number
}

export interface Hit {
  type: string
  id: string
  title: string
  titleHighlights?: Highlight[]
  tags?: string[]
  at?: string
  section?: string
  snippet?: string
  highlights?: Highlight[]
  metadata?: { workflowId?: string; nodeId?: string } | null
  why?: { signal: string; score: number; weight: number; terms: string[] }[]
  alike?: number
}

/** Text with its found words marked; the server tells places, never HTML. */
export function Marked({ snippet, highlights }: { snippet: string; highlights: Highlight[] }) {
  const parts: React.ReactNode[] = []
  let at = 0
  for (const { start, length } of [...highlights].sort((a, b) => a.start - b.start)) {
    if (start < at) continue
    parts.push(
      safeText(snippet.slice(at, start)),
      <mark key={start}>{safeText(snippet.slice(start, start + length))}</mark>,
    )
    at = start + length
  }
  parts.push(safeText(snippet.slice(at)))
  return <>{parts}</>
}

/** Where a hit is looked at; a node is looked at in its workflow. */
export function pathOf({ type, id, metadata }: Hit): string | null {
  if (type === 'workflow') return `/workflows/${id}`
  if (type === 'prompt_card') return `/prompt-cards/${id}`
  if (type === 'execution') return `/executions/${id}`
  if (type === 'knowledge_article') return `/knowledge/${id}`
  if (type === 'node' && metadata?.workflowId)
    return hrefOf(`/workflows/${metadata.workflowId}/edit`, { node: metadata.nodeId ?? '' })
  return null
}

const whyText = ({ signal, score, weight, terms }: NonNullable<Hit['why']>[number]) =>
  `${signal} ${(score * weight).toFixed(2)}${terms.length > 0 ? ` (${terms.join(', ')})` : ''}`

/** One hit: what it is, why it is there, where its words stand. */
export function HitLine({ hit }: { hit: Hit }) {
  const path = pathOf(hit)
  const title = <Marked snippet={hit.title.slice(0, 160)} highlights={hit.titleHighlights ?? []} />
  return (
    <li className={classes.hit}>
      <div className={classes.head}>
        <Tag tone="run">{hit.type}</Tag>
        {path ? (
          <Go href={path} className={classes.title}>
            {title}
          </Go>
        ) : (
          <span className={classes.title}>{title}</span>
        )}
        {(hit.alike ?? 0) > 0 && <span className={classes.dim}>{text.alike(hit.alike ?? 0)}</span>}
        <span className={classes.why} title={safeText(hit.why?.map(whyText).join('; ') ?? '')}>
          {hit.why?.map((one) => one.signal).join(', ')}
        </span>
        {hit.at && (
          <span className={classes.dim}>
            <TimeText at={hit.at} relative />
          </span>
        )}
      </div>
      {hit.snippet && (
        <p className={classes.snippet}>
          <Marked snippet={hit.snippet} highlights={hit.highlights ?? []} />
        </p>
      )}
      <div className={classes.foot}>
        {hit.tags?.map((tag) => (
          <span key={tag}>
            #<SafeText most={30}>{tag}</SafeText>
          </span>
        ))}
        {path && <Go href={hrefOf('/search', { of: hit.type, id: hit.id })}>{text.moreLike}</Go>}
      </div>
    </li>
  )
}
