import { Search } from 'lucide-react'
import { useMemo } from 'react'
import { serverNow } from '../../api/client'
import { useApi } from '../../api/queries'
import { Go, useParamsOfUrl } from '../../app/links'
import { sinceMoment, useZone } from '../../app/time'
import { EmptyState, Waiting } from '../../ui/EmptyState'
import { ErrorBox } from '../../ui/ErrorBox'
import { type Filter, FilterBar, SINCE } from '../../ui/FilterBar'
import { choices } from '../../ui/fields'
import { Page, Panel } from '../../ui/Page'
import { safeText } from '../../ui/safe'
import { SafeText } from '../../ui/SafeText'
import { Tag } from '../../ui/StatusText'
import { TimeText } from '../../ui/TimeText'
import classes from './Search.module.css'
import { text } from './text'

interface Hit {
  type: string
  id: string
  title: string
  tags?: string[]
  at?: string
  section?: string
  snippet?: string
  highlights?: { start: number; length: number }[]
  why?: { signal: string; score: number }[]
}

interface Found {
  query: string
  mode: string
  notice: string | null
  hits: Hit[]
}

const PATHS: Record<string, string> = {
  workflow: '/workflows/',
  execution: '/executions/',
  event: '/events/',
  approval: '/approvals/',
}
const FILTERS: Filter[] = [
  { name: 'q', label: 'What to look for', width: 300 },
  {
    name: 'type',
    label: 'Type',
    options: choices(['workflow', 'execution', 'event', 'document', 'approval']),
    width: 130,
  },
  { name: 'tag', label: 'Tag', width: 120 },
  { name: 'from', label: 'Any time', options: SINCE },
]

/** The snippet with its found words marked; the server tells places, never HTML. */
export function Marked({ snippet, highlights }: { snippet: string; highlights: { start: number; length: number }[] }) {
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

export default function SearchPage() {
  const [params] = useParamsOfUrl()
  const zone = useZone()
  const from = useMemo(
    () => (params.from ? sinceMoment(params.from, Math.floor(serverNow() / 60_000) * 60_000, zone) : null),
    [params.from, zone],
  )
  const found = useApi<Found>(params.q ? '/search' : null, {
    q: params.q,
    type: params.type,
    tag: params.tag,
    from,
    limit: 50,
  })
  const hits = found.data?.hits ?? []
  return (
    <Page title={text.title}>
      <FilterBar filters={FILTERS} />
      <ErrorBox error={found.error} retry={() => void found.refetch()} />
      <Panel flush>
        {!params.q && (
          <EmptyState icon={Search} title={text.empty}>
            {text.emptyText}
          </EmptyState>
        )}
        {params.q && found.isLoading && <Waiting />}
        {params.q && found.data?.notice && <p className={classes.notice}>{found.data.notice}</p>}
        {params.q && found.data && hits.length === 0 && (
          <EmptyState icon={Search} title={text.none(params.q)}>
            {found.data.mode === 'hybrid' ? text.noneText : text.words}
          </EmptyState>
        )}
        <ol className={classes.hits}>
          {params.q &&
            hits.map((hit) => {
              const path = Object.hasOwn(PATHS, hit.type) ? PATHS[hit.type] : null
              return (
                <li key={hit.type + hit.id + hit.section} className={classes.hit}>
                  <div className={classes.head}>
                    <Tag tone="run">{hit.type}</Tag>
                    {path ? (
                      <Go href={path + hit.id} className={classes.title}>
                        <SafeText most={120}>{hit.title}</SafeText>
                      </Go>
                    ) : (
                      <span className={classes.title}>
                        <SafeText most={120}>{hit.title}</SafeText>
                      </span>
                    )}
                    <span className={classes.why}>{hit.why?.map((one) => one.signal).join(', ')}</span>
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
                </li>
              )
            })}
        </ol>
      </Panel>
    </Page>
  )
}
