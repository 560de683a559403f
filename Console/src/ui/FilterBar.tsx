import { Button, NativeSelect, TextInput } from '@mantine/core'
import { Search, X } from 'lucide-react'
import { lazy, type ReactNode, Suspense, useEffect, useRef, useState } from 'react'
import { useKeys } from '../app/keys'
import { useParamsOfUrl } from '../app/links'
import classes from './FilterBar.module.css'

export interface Filter {
  name: string
  label: string
  options?: { value: string; label: string }[]
  width?: number
  /** What the filter is when the address does not say. It is cleared by choosing `all`. */
  standard?: string
}

export const SINCE = [
  { value: '1h', label: 'Last hour' },
  { value: '24h', label: 'Last 24 hours' },
  { value: 'today', label: 'Today' },
  { value: 'yesterday', label: 'Since yesterday' },
  { value: '7d', label: 'Last 7 days' },
  { value: '30d', label: 'Last 30 days' },
]

const REST_MS = 350
const FEW = 14
const SearchableChoice = lazy(() => import('./SearchableChoice'))

function TextFilter({ filter, value, change }: { filter: Filter; value: string; change: (text: string) => void }) {
  const [text, setText] = useState(value)
  const sent = useRef(value)
  useEffect(() => {
    if (value !== sent.current) {
      sent.current = value
      setText(value)
    }
  }, [value])
  useEffect(() => {
    if (text === sent.current) return undefined
    const timer = setTimeout(() => {
      sent.current = text
      change(text)
    }, REST_MS)
    return () => clearTimeout(timer)
  }, [text, change])
  return (
    <TextInput
      aria-label={filter.label}
      placeholder={filter.label}
      data-filter
      size="xs"
      w={filter.width ?? 170}
      value={text}
      leftSection={<Search size={13} aria-hidden />}
      onChange={(event) => setText(event.currentTarget.value)}
    />
  )
}

export interface ChoiceProps {
  filter: Filter
  options: { value: string; label: string }[]
  value: string
  change: (value: string | null) => void
}

/** The system's own list where choices are few; one that can be searched, loaded when it is wanted, where many. */
function ChoiceFilter({ filter, options, value, change }: ChoiceProps) {
  const native = (
    <NativeSelect
      aria-label={filter.label}
      size="xs"
      w={filter.width ?? 150}
      data-unset={value === '' || undefined}
      className={classes.choice}
      data={filter.standard ? options : [{ value: '', label: filter.label }, ...options]}
      value={value}
      onChange={(event) => change(event.currentTarget.value || null)}
    />
  )
  if (options.length <= FEW) return native
  return (
    <Suspense fallback={native}>
      <SearchableChoice filter={filter} options={options} value={value} change={change} />
    </Suspense>
  )
}

/** Filters that live in the address. */
export function FilterBar({
  filters,
  children,
  right,
}: {
  filters: Filter[]
  children?: ReactNode
  right?: ReactNode
}) {
  const [params, change] = useParamsOfUrl()
  const bar = useRef<HTMLDivElement>(null)
  useKeys({ '/': () => bar.current?.querySelector<HTMLInputElement>('[data-filter]')?.focus() })
  const isSet = filters.some((filter) => params[filter.name])
  return (
    <div ref={bar} className={classes.bar} role="search">
      {children}
      {filters.map((filter) =>
        filter.options ? (
          <ChoiceFilter
            key={filter.name}
            filter={filter}
            options={filter.options}
            value={params[filter.name] ?? filter.standard ?? ''}
            change={(value) => change({ [filter.name]: value })}
          />
        ) : (
          <TextFilter
            key={filter.name}
            filter={filter}
            value={params[filter.name] ?? ''}
            change={(text) => change({ [filter.name]: text })}
          />
        ),
      )}
      {isSet && (
        <Button
          variant="subtle"
          size="compact-xs"
          leftSection={<X size={13} aria-hidden />}
          onClick={() => change(Object.fromEntries(filters.map((filter) => [filter.name, null])))}
        >
          Clear filter
        </Button>
      )}
      {right && <div className={classes.right}>{right}</div>}
    </div>
  )
}

/** The filter as a sentence, for a list in which nothing matched. */
export function NoMatch({ filters }: { filters: Filter[] }) {
  const [params, change] = useParamsOfUrl()
  const set = filters.filter((filter) => params[filter.name])
  return (
    <div className={classes.none}>
      <p>
        Nothing matches{' '}
        {set.map((filter, index) => (
          <span key={filter.name}>
            {index > 0 && ' and '}
            {filter.label.toLowerCase()}{' '}
            <strong>
              {filter.options?.find((option) => option.value === params[filter.name])?.label ?? params[filter.name]}
            </strong>
          </span>
        ))}
        .
      </p>
      <Button
        variant="default"
        onClick={() => change(Object.fromEntries(filters.map((filter) => [filter.name, null])))}
      >
        Clear filter
      </Button>
    </div>
  )
}
