import { useDebouncedValue } from '@mantine/hooks'
import '@mantine/spotlight/styles.css'
import { Spotlight, spotlight, type SpotlightActionData, type SpotlightActionGroupData } from '@mantine/spotlight'
import { FileText, History, Search, Workflow } from 'lucide-react'
import { type KeyboardEvent, useEffect, useState } from 'react'
import { useApi } from '../../api/queries'
import type { WorkflowItem } from '../../api/schema.gen'
import { safeText } from '../../ui/safe'
import { useGo } from '../links'
import { allItems } from '../nav'
import { usePaletteAsked } from '../palette'
import { useMay } from '../permissions'

interface Hit {
  type: string
  id: string
  title?: string
  name?: string
  snippet?: string
}

const REST_MS = 150

let hasMoved = false

/**
 * The library keeps its mark on the action that was first before results came above it. Enter takes what is first
 * now, unless the person has moved the mark.
 */
function markFirst(event: KeyboardEvent<HTMLInputElement>) {
  if (/^Arrow/.test(event.key)) hasMoved = true
  else if (event.key !== 'Enter') hasMoved = false
  else if (!hasMoved) {
    const list = document.querySelector('.mantine-Spotlight-actionsList')
    list?.querySelectorAll('[data-selected]').forEach((action) => action.removeAttribute('data-selected'))
    list?.querySelector('[data-action]')?.setAttribute('data-selected', 'true')
  }
}

const pathOf = (hit: Hit): string | null => {
  if (hit.type === 'workflow') return `/workflows/${hit.id}`
  if (hit.type === 'execution') return `/executions/${hit.id}`
  if (hit.type === 'event') return `/events/${hit.id}`
  return null
}

const ICONS: Record<string, typeof Search> = { workflow: Workflow, execution: History }

/** Pages and commands at once; workflows by name and the search by meaning after a moment of rest. */
export default function CommandPalette() {
  const [query, setQuery] = useState('')
  const times = usePaletteAsked()
  useEffect(() => {
    if (times > 0) spotlight.open()
  }, [times])
  const [asked] = useDebouncedValue(query.trim(), REST_MS)
  const go = useGo()
  const may = useMay()
  const wanted = asked.length >= 2
  const named = useApi<WorkflowItem[]>(
    wanted && may('workflows.read') ? '/workflows' : null,
    { name: asked, per_page: 6 },
    { staleTime: 30_000 },
  )
  const found = useApi<{ hits: Hit[] }>(
    wanted && may('search.read') ? '/search' : null,
    { q: asked, limit: 8 },
    { staleTime: 30_000 },
  )
  const action = (id: string, label: string, href: string, icon: React.ReactNode): SpotlightActionData => ({
    id,
    label: safeText(label).slice(0, 120),
    leftSection: icon,
    onClick: () => go(href),
  })
  const groups: SpotlightActionGroupData[] = [
    {
      group: 'Pages',
      actions: allItems()
        .filter((item) => may(item.needs))
        .map(({ href, label, icon: Icon }) => action(href, label, href, <Icon size={16} aria-hidden />)),
    },
  ]
  const workflows = wanted ? (named.data ?? []) : []
  if (workflows.length > 0) {
    groups.unshift({
      group: 'Workflows',
      actions: workflows.map((one) =>
        action(one.id, one.name, `/workflows/${one.id}`, <Workflow size={16} aria-hidden />),
      ),
    })
  }
  const hits = wanted ? (found.data?.hits ?? []) : []
  const meant = hits.flatMap((hit) => {
    const href = pathOf(hit)
    const Icon = ICONS[hit.type] ?? FileText
    if (!href || workflows.some((one) => one.id === hit.id)) return []
    return [
      {
        ...action(`hit-${hit.id}`, hit.title ?? hit.name ?? hit.id, href, <Icon size={16} aria-hidden />),
        keywords: [query],
      },
    ]
  })
  if (meant.length > 0) groups.push({ group: 'Search', actions: meant })
  if (query.trim()) {
    groups.push({
      group: 'More',
      actions: [
        {
          ...action(
            'search',
            `Search everything for “${query.trim()}”`,
            `/search?q=${encodeURIComponent(query.trim())}`,
            <Search size={16} aria-hidden />,
          ),
          keywords: [query],
        },
      ],
    })
  }
  return (
    <Spotlight
      actions={groups}
      query={query}
      onQueryChange={setQuery}
      shortcut={null}
      nothingFound="Nothing of this name"
      highlightQuery
      maxHeight={440}
      scrollable
      searchProps={{
        onKeyDown: markFirst,
        placeholder: 'Search, or go to a page',
        'aria-label': 'Search, or go to a page',
        leftSection: <Search size={16} aria-hidden />,
      }}
    />
  )
}
