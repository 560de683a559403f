import { Select, Switch, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { ScrollText } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { useList } from '../../api/queries'
import type { LogView, NodeSummary } from '../../api/schema.gen'
import { EmptyState, Waiting } from '../../ui/EmptyState'
import { ErrorBox } from '../../ui/ErrorBox'
import { choices } from '../../ui/fields'
import { Panel } from '../../ui/Page'
import { SafeText } from '../../ui/SafeText'
import { Tag, type Tone } from '../../ui/StatusText'
import { TimeText } from '../../ui/TimeText'
import classes from './Run.module.css'

const TONES: Record<string, Tone> = { error: 'bad', warning: 'wait', information: 'run', info: 'run' }
const REST_MS = 300

interface Props {
  id: string
  nodes: NodeSummary[]
  isOver: boolean
  onNode: (node: string) => void
}

export function LogTab({ id, nodes, isOver, onNode }: Props) {
  const [level, setLevel] = useState<string | null>(null)
  const [node, setNode] = useState<string | null>(null)
  const [typed, setTyped] = useState('')
  const [words] = useDebouncedValue(typed.trim(), REST_MS)
  const [isFollowed, setFollowed] = useState(!isOver)
  const log = useList<LogView>(`/executions/${id}/logs`, { level, node, text: words }, { every: isOver ? false : 5000 })
  const end = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (isFollowed && !isOver) end.current?.scrollIntoView({ block: 'nearest' })
  }, [isFollowed, isOver, log.items.length])
  return (
    <Panel
      flush
      title="Log"
      actions={
        <>
          <TextInput
            size="xs"
            w={150}
            aria-label="Text"
            placeholder="Text"
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
          />
          <Select
            size="xs"
            w={110}
            aria-label="Level"
            placeholder="Level"
            clearable
            data={choices(['debug', 'information', 'warning', 'error'])}
            value={level}
            onChange={setLevel}
          />
          <Select
            size="xs"
            w={130}
            aria-label="Node"
            placeholder="Node"
            clearable
            searchable
            data={choices(nodes.map((one) => one.nodeId))}
            value={node}
            onChange={setNode}
          />
          {!isOver && (
            <Switch
              size="xs"
              label="Follow"
              checked={isFollowed}
              onChange={(event) => setFollowed(event.currentTarget.checked)}
            />
          )}
        </>
      }
    >
      <ErrorBox error={log.error} retry={log.reload} />
      {log.isLoading && <Waiting />}
      {!log.isLoading && log.items.length === 0 && (
        <EmptyState icon={ScrollText} title="Nothing was logged">
          Nodes that fail, are tried again or run programs write here.
        </EmptyState>
      )}
      <ul className={classes.log}>
        {log.items.map((line) => (
          <li key={line.id} className={classes.logLine}>
            <span className={classes.logTime}>
              <TimeText at={line.at} detail="millisecond" />
            </span>
            <Tag tone={TONES[line.level] ?? 'idle'}>{line.level}</Tag>
            {line.nodeId && (
              <button type="button" className={classes.linkButton} onClick={() => onNode(line.nodeId ?? '')}>
                <SafeText most={40}>{line.nodeId}</SafeText>
              </button>
            )}
            <span className={classes.logText}>
              <SafeText most={2000}>{line.message}</SafeText>
            </span>
          </li>
        ))}
      </ul>
      <div ref={end} />
      {log.hasMore && (
        <button type="button" className={classes.more} onClick={log.loadMore}>
          Load more
        </button>
      )}
    </Panel>
  )
}
