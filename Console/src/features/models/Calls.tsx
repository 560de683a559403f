import { Receipt } from 'lucide-react'
import type { ModelCallView } from '../../api/schema.gen'
import { Go } from '../../app/links'
import { choices } from '../../ui/fields'
import { ResourceList } from '../../ui/ResourcePage'
import { SafeText } from '../../ui/SafeText'
import { StatusText } from '../../ui/StatusText'
import { TimeText } from '../../ui/TimeText'
import { moneyText } from '../../ui/money'
import { text } from './text'

export function Calls() {
  return (
    <ResourceList<ModelCallView>
      resource={{
        noun: 'call',
        path: '/models/calls',
        icon: Receipt,
        empty: text.noCalls,
        nameOf: (one) => one.model,
        keyOf: (one) => one.id,
        filters: [
          {
            name: 'status',
            label: 'Status',
            options: choices(['running', 'succeeded', 'failed', 'cancelled', 'lost']),
          },
          {
            name: 'purpose',
            label: 'For',
            options: choices(['node', 'prompt_card', 'test_set', 'judge', 'chat', 'knowledge', 'test']),
          },
        ],
        columns: [
          { key: 'at', title: 'When', width: '120px', render: (one) => <TimeText at={one.startedAt} relative /> },
          { key: 'model', title: 'Model', render: (one) => <SafeText most={60}>{one.model}</SafeText> },
          { key: 'status', title: 'Status', width: '120px', render: (one) => <StatusText status={one.status} /> },
          {
            key: 'for',
            title: 'For',
            width: '150px',
            from: 640,
            render: (one) =>
              one.executionId ? <Go href={`/executions/${one.executionId}`}>{one.nodeId ?? 'a run'}</Go> : one.purpose,
          },
          {
            key: 'tokens',
            title: 'Tokens in / out',
            width: '140px',
            from: 760,
            render: (one) => `${one.estimated ? '≈ ' : ''}${one.inputTokens} / ${one.outputTokens}`,
          },
          {
            key: 'took',
            title: 'Took',
            width: '100px',
            from: 860,
            render: (one) => (one.durationMs === null ? '–' : `${one.durationMs.toLocaleString('en')} ms`),
          },
          { key: 'cost', title: 'Cost', width: '110px', render: (one) => moneyText(one.costUsd) },
        ],
        detail: (one) => (one.errorMessage ? <SafeText>{`${one.errorCode}: ${one.errorMessage}`}</SafeText> : null),
      }}
    />
  )
}
