import { Button, CopyButton, Group, Progress } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Copy, Download } from 'lucide-react'
import { useMemo, useState } from 'react'
import { get, type Query } from '../api/client'
import { useApi } from '../api/queries'
import type { ValueView } from '../api/schema.gen'
import { Code } from './Code'
import { Waiting } from './EmptyState'
import { ErrorBox } from './ErrorBox'
import { prettyJson } from './json'
import classes from './JsonView.module.css'
import { bytesText } from './safe'

/** Saves text as a file, always as an attachment and under a name that the console chose. */
export function saveText(text: string, name: string, type = 'application/json') {
  const address = URL.createObjectURL(new Blob([text], { type }))
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(address), 10_000)
}

function Tools({ text, name, children }: { text: string; name: string; children?: React.ReactNode }) {
  return (
    <div className={classes.tools}>
      <span className={classes.note}>{children}</span>
      <Group gap={4}>
        <CopyButton value={text}>
          {({ copied, copy }) => (
            <Button variant="subtle" size="compact-xs" onClick={copy} leftSection={<Copy size={12} aria-hidden />}>
              {copied ? 'Copied' : 'Copy'}
            </Button>
          )}
        </CopyButton>
        <Button
          variant="subtle"
          size="compact-xs"
          leftSection={<Download size={12} aria-hidden />}
          onClick={() => saveText(text, `${name}.json`)}
        >
          Download
        </Button>
      </Group>
    </div>
  )
}

/** A value that is here already. */
export function JsonView({ value, label, maxHeight }: { value: unknown; label: string; maxHeight?: string }) {
  const text = useMemo(() => JSON.stringify(value, null, 2) ?? 'null', [value])
  return (
    <div className={classes.frame}>
      <Tools text={text} name={label.toLowerCase().replaceAll(/\W+/g, '-')}>
        {bytesText(new Blob([text]).size)}
      </Tools>
      <Code value={text} label={label} maxHeight={maxHeight ?? '46vh'} />
    </div>
  )
}

const WHOLE = 256 * 1024
const PART = 64 * 1024

async function readAll(path: string, query: Query, told: (bytes: number) => void) {
  let text = ''
  let offset: number | null = 0
  while (offset !== null) {
    const part: ValueView = await get<ValueView>(path, { ...query, offset, limit: 262_144 })
    text += part.text
    offset = part.nextOffset
    told(part.offset + part.bytes)
  }
  return text
}

/**
 * A value that the server keeps: whole up to 256 KB, else its first 64 KB with a way to the rest. What is copied and
 * downloaded is always the whole.
 */
export function StoredValue({ path, query, label }: { path: string; query: Query; label: string }) {
  const [whole, setWhole] = useState<string | null>(null)
  const [read, setRead] = useState<number | null>(null)
  const [error, setError] = useState<unknown>(null)
  const first = useApi<ValueView>(path, { ...query, limit: PART }, { keep: false, staleTime: 60_000 })
  const total = first.data?.totalBytes ?? 0
  const rest = useQuery({
    queryKey: [path, query, 'whole'],
    queryFn: () => readAll(path, query, () => undefined),
    enabled: first.data !== undefined && first.data.nextOffset !== null && total <= WHOLE,
    staleTime: 60_000,
  })
  const complete = first.data?.nextOffset === null ? first.data.text : (rest.data ?? whole)
  const pretty = useQuery({
    queryKey: [path, query, 'pretty', complete?.length],
    queryFn: () => prettyJson(complete ?? 'null'),
    enabled: complete !== null && complete !== undefined,
    staleTime: 60_000,
  })
  const loadAll = async () => {
    setRead(0)
    try {
      setWhole(await readAll(path, query, setRead))
    } catch (caught) {
      setError(caught)
    } finally {
      setRead(null)
    }
  }
  if (first.error) return <ErrorBox error={first.error} retry={() => void first.refetch()} />
  if (!first.data) return <Waiting rows={3} />
  const isCut = complete === null || complete === undefined
  // The text that is laid out takes the place of the other in one step: a search in it must not lose its place.
  const laidOut = isCut ? null : (pretty.data ?? (pretty.error ? complete : null))
  return (
    <div className={classes.frame}>
      {laidOut !== null && (
        <Tools text={laidOut} name={label.toLowerCase().replaceAll(/\W+/g, '-')}>
          {bytesText(total)}
        </Tools>
      )}
      {isCut && (
        <div className={classes.tools}>
          <span className={classes.note}>
            Shows {bytesText(first.data.bytes)} of {bytesText(total)}
          </span>
          <Button variant="light" size="compact-xs" loading={read !== null} onClick={() => void loadAll()}>
            Load all {bytesText(total)}
          </Button>
        </div>
      )}
      {read !== null && <Progress size="xs" value={(100 * read) / Math.max(1, total)} aria-label="Loaded" />}
      <ErrorBox error={error ?? rest.error} />
      <Code
        value={laidOut ?? first.data.text}
        label={label}
        language={laidOut === null ? 'text' : 'json'}
        maxHeight="46vh"
      />
    </div>
  )
}
