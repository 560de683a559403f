import { Button, Group } from '@mantine/core'
import { Search } from 'lucide-react'
import { useMemo } from 'react'
import { serverNow } from '../../api/client'
import { useApi } from '../../api/queries'
import { useParamsOfUrl } from '../../app/links'
import { sinceMoment, useZone } from '../../app/time'
import { EmptyState, Waiting } from '../../ui/EmptyState'
import { ErrorBox } from '../../ui/ErrorBox'
import { choices } from '../../ui/fields'
import { type Filter, FilterBar, SINCE } from '../../ui/FilterBar'
import { Page, Panel } from '../../ui/Page'
import { countText, safeText } from '../../ui/safe'
import { type Hit, HitLine } from './Hit'
import classes from './Search.module.css'
import { text } from './text'

interface FacetValue {
  value: string
  count: number
}

interface Found {
  mode: string
  notice: string | null
  hits: Hit[]
  total: number
  facets: { types: FacetValue[]; tags: FacetValue[] }
}

const PAGE = 25
const LAST = 1000
const MOST_TAGS = 8
const FILTERS: Filter[] = [
  { name: 'q', label: 'What to look for', width: 300 },
  {
    name: 'type',
    label: 'Type',
    options: choices(['workflow', 'node', 'execution', 'knowledge_article', 'prompt_card']),
    width: 130,
  },
  { name: 'tag', label: 'Tag', width: 120 },
  { name: 'from', label: 'Any time', options: SINCE },
]

/** How many hits are of each type and tag; a press narrows the search to it, and another one takes that back. */
function FacetRow({ facets }: { facets: Found['facets'] }) {
  const [params, change] = useParamsOfUrl()
  const row = (name: 'type' | 'tag', values: FacetValue[]) =>
    values.map(({ value, count }) => (
      <Button
        key={name + value}
        size="compact-xs"
        variant={params[name] === value ? 'filled' : 'default'}
        aria-pressed={params[name] === value}
        onClick={() => change({ [name]: params[name] === value ? null : value, page: null })}
      >
        {name === 'tag' && '#'}
        {safeText(value).slice(0, 30)} {count.toLocaleString('en')}
      </Button>
    ))
  return (
    <Group gap={6} className={classes.facets}>
      {row('type', facets.types)}
      {row('tag', facets.tags.slice(0, MOST_TAGS))}
    </Group>
  )
}

function Pages({ total, page }: { total: number; page: number }) {
  const [, change] = useParamsOfUrl()
  const last = Math.ceil(Math.min(total, LAST) / PAGE)
  if (last <= 1) return null
  const turn = (to: number) => change({ page: to <= 1 ? null : String(to) })
  return (
    <Group gap="xs" justify="center" className={classes.pages}>
      <Button size="compact-sm" variant="default" disabled={page <= 1} onClick={() => turn(page - 1)}>
        {text.before}
      </Button>
      <span>{text.page(page, last)}</span>
      <Button size="compact-sm" variant="default" disabled={page >= last} onClick={() => turn(page + 1)}>
        {text.after}
      </Button>
    </Group>
  )
}

export default function SearchPage() {
  const [params] = useParamsOfUrl()
  const zone = useZone()
  const from = useMemo(
    () => (params.from ? sinceMoment(params.from, Math.floor(serverNow() / 60_000) * 60_000, zone) : null),
    [params.from, zone],
  )
  const page = Math.max(1, Math.trunc(Number(params.page ?? 1)) || 1)
  const isAlike = !params.q && Boolean(params.of && params.id)
  const isAsked = Boolean(params.q) || isAlike
  const found = useApi<Found>(
    isAlike ? '/search/similar' : params.q ? '/search' : null,
    isAlike
      ? { of: params.of, id: params.id, type: params.type, limit: PAGE }
      : { q: params.q, type: params.type, tag: params.tag, from, limit: PAGE, offset: (page - 1) * PAGE },
  )
  const { hits = [], total = 0, notice, mode, facets } = found.data ?? {}
  return (
    <Page title={isAlike ? text.likeTitle : text.title}>
      <FilterBar filters={FILTERS} />
      {isAsked && facets && <FacetRow facets={facets} />}
      <ErrorBox error={found.error} retry={() => void found.refetch()} />
      <Panel flush title={isAsked && found.data ? countText(total, 'hit') : undefined}>
        {!isAsked && (
          <EmptyState icon={Search} title={text.empty}>
            {text.emptyText}
          </EmptyState>
        )}
        {isAsked && found.isLoading && <Waiting />}
        {isAsked && notice && <p className={classes.notice}>{notice}</p>}
        {isAsked && found.data && hits.length === 0 && (
          <EmptyState icon={Search} title={isAlike ? text.noneAlike : text.none(params.q ?? '')}>
            {mode === 'hybrid' ? text.noneText : text.words}
          </EmptyState>
        )}
        <ol className={classes.hits}>
          {isAsked && hits.map((hit) => <HitLine key={hit.type + hit.id + hit.section} hit={hit} />)}
        </ol>
        {isAsked && !isAlike && <Pages total={total} page={page} />}
      </Panel>
    </Page>
  )
}
