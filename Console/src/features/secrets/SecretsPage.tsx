import { KeyRound } from 'lucide-react'
import type { SecretView } from '../../api/schema.gen'
import { ResourcePage } from '../../ui/ResourcePage'
import { SafeText } from '../../ui/SafeText'
import { TimeText } from '../../ui/TimeText'
import { text } from './text'

export default function SecretsPage() {
  return (
    <ResourcePage<SecretView>
      title={text.secrets}
      sub={text.secretsSub}
      resource={{
        noun: 'secret',
        path: '/secrets',
        needs: 'secrets.manage',
        icon: KeyRound,
        empty: text.noSecrets,
        emptyText: text.noSecretsText,
        nameOf: (one) => one.name,
        keyOf: (one) => one.id,
        versionOf: (one) => one.version,
        create: [
          { name: 'name', label: 'Name', required: true },
          { name: 'value', label: 'Value', kind: 'password', required: true },
          { name: 'description', label: 'Description', kind: 'textarea' },
        ],
        edit: (one) => [
          {
            name: 'value',
            label: 'A new value',
            kind: 'password',
            placeholder: text.setOn(one.updatedAt.slice(0, 10)),
          },
          { name: 'description', label: 'Description', kind: 'textarea' },
        ],
        deletable: true,
        deleteText: () => text.deleteSecret,
        columns: [
          { key: 'name', title: 'Name', render: (one) => <SafeText most={80}>{one.name}</SafeText> },
          {
            key: 'description',
            title: 'Description',
            width: 'minmax(0, 2fr)',
            from: 520,
            render: (one) => <SafeText most={140}>{one.description}</SafeText>,
          },
          { key: 'updated', title: 'Set', width: '110px', render: (one) => <TimeText at={one.updatedAt} relative /> },
        ],
      }}
    />
  )
}
