import { Database } from 'lucide-react'
import type { ContextEntryView } from '../../api/schema.gen'
import { choices } from '../../ui/fields'
import { ResourcePage } from '../../ui/ResourcePage'
import { SafeText } from '../../ui/SafeText'
import { Tag } from '../../ui/StatusText'
import { TimeText } from '../../ui/TimeText'
import { useWorkflowNames } from '../../ui/useWorkflowNames'
import { text } from './text'

const SCOPES = choices(['tenant', 'workspace', 'workflow', 'execution'])

export default function ContextPage() {
  const names = useWorkflowNames()
  return (
    <ResourcePage<ContextEntryView>
      title={text.title}
      sub={text.sub}
      resource={{
        noun: 'entry',
        path: '/context',
        needs: 'context.write',
        icon: Database,
        empty: text.empty,
        emptyText: text.emptyText,
        nameOf: (one) => one.key,
        keyOf: (one) => one.id,
        versionOf: (one) => one.version,
        filters: [
          { name: 'prefix', label: 'Key begins with', width: 190 },
          { name: 'scope', label: 'Scope', options: SCOPES, width: 130 },
        ],
        create: [
          { name: 'key', label: 'Key', required: true },
          { name: 'value', label: 'Value', kind: 'json', required: true, standard: '{}' },
          {
            name: 'scope',
            label: 'Scope',
            kind: 'select',
            options: choices(['tenant', 'workflow']),
            standard: 'tenant',
          },
          {
            name: 'scopeId',
            label: 'Workflow',
            kind: 'select',
            options: names.options,
            when: (values) => values.scope === 'workflow',
          },
          { name: 'expiresAt', label: 'Ends', kind: 'datetime' },
        ],
        edit: [
          { name: 'value', label: 'Value', kind: 'json', required: true },
          { name: 'expiresAt', label: 'Ends', kind: 'datetime' },
        ],
        deletable: true,
        columns: [
          { key: 'key', title: 'Key', render: (one) => <SafeText most={80}>{one.key}</SafeText> },
          {
            key: 'value',
            title: 'Value',
            width: 'minmax(0, 1.6fr)',
            from: 480,
            render: (one) => (
              <code>
                <SafeText most={100}>{JSON.stringify(one.value)}</SafeText>
              </code>
            ),
          },
          { key: 'scope', title: 'Scope', width: '110px', render: (one) => <Tag>{one.scope}</Tag> },
          {
            key: 'expires',
            title: 'Ends',
            width: '110px',
            from: 640,
            render: (one) => <TimeText at={one.expiresAt} relative none="never" />,
          },
        ],
      }}
    />
  )
}
