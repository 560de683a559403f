import { Variable } from 'lucide-react'
import type { VariableView } from '../../api/schema.gen'
import { ResourcePage } from '../../ui/ResourcePage'
import { SafeText } from '../../ui/SafeText'
import { TimeText } from '../../ui/TimeText'
import { useWorkflowNames } from '../../ui/useWorkflowNames'
import { text } from './text'

export default function VariablesPage() {
  const names = useWorkflowNames()
  return (
    <ResourcePage<VariableView>
      title={text.variables}
      sub={text.variablesSub}
      resource={{
        noun: 'variable',
        path: '/variables',
        needs: 'workflows.write',
        icon: Variable,
        empty: text.noVariables,
        emptyText: text.noVariablesText,
        nameOf: (one) => one.name,
        keyOf: (one) => one.id,
        versionOf: (one) => one.version,
        filters: [{ name: 'workflow', label: 'Workflow', options: names.options, width: 200 }],
        create: [
          { name: 'name', label: 'Name', required: true },
          { name: 'value', label: 'Value', kind: 'json', required: true, standard: '""' },
          { name: 'workflowId', label: 'Of one workflow', kind: 'select', options: names.options },
          { name: 'description', label: 'Description', kind: 'textarea' },
        ],
        edit: [
          { name: 'value', label: 'Value', kind: 'json', required: true },
          { name: 'description', label: 'Description', kind: 'textarea' },
        ],
        deletable: true,
        columns: [
          { key: 'name', title: 'Name', render: (one) => <SafeText most={80}>{one.name}</SafeText> },
          {
            key: 'value',
            title: 'Value',
            width: 'minmax(0, 1.5fr)',
            render: (one) => (
              <code>
                <SafeText most={100}>{JSON.stringify(one.value)}</SafeText>
              </code>
            ),
          },
          {
            key: 'scope',
            title: 'Of',
            from: 620,
            render: (one) => (
              <SafeText most={60}>{one.workflowId ? names.nameOf(one.workflowId) : 'all workflows'}</SafeText>
            ),
          },
          {
            key: 'updated',
            title: 'Changed',
            width: '110px',
            from: 480,
            render: (one) => <TimeText at={one.updatedAt} relative />,
          },
        ],
      }}
    />
  )
}
