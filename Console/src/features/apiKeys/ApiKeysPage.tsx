import { Alert, Button, Code as Mono, CopyButton, Modal, Stack } from '@mantine/core'
import { KeyRound } from 'lucide-react'
import { useState } from 'react'
import { useApi } from '../../api/queries'
import type { ApiKeyView, NewApiKeyView, ServiceAccountView } from '../../api/schema.gen'
import { useSession } from '../../api/session'
import { useParamsOfUrl } from '../../app/links'
import { choices } from '../../ui/fields'
import { Facts, Page, PageTabs } from '../../ui/Page'
import { ResourceList } from '../../ui/ResourcePage'
import { SafeText } from '../../ui/SafeText'
import { StatusText, Tag } from '../../ui/StatusText'
import { TimeText } from '../../ui/TimeText'
import { text } from './text'

const stateOf = (key: ApiKeyView) =>
  key.revokedAt ? 'revoked' : key.expiresAt && Date.parse(key.expiresAt) < Date.now() ? 'expired' : 'active'

function ShownOnce({ made, close }: { made: NewApiKeyView; close: () => void }) {
  return (
    <Modal opened onClose={close} title={`Key ${made.name}`} closeOnClickOutside={false}>
      <Stack>
        <Alert color="yellow">{text.once}</Alert>
        <Mono block>{made.key}</Mono>
        <CopyButton value={made.key ?? ''}>
          {({ copied, copy }) => <Button onClick={copy}>{copied ? 'Copied' : 'Copy the key'}</Button>}
        </CopyButton>
      </Stack>
    </Modal>
  )
}

function Keys() {
  const { me } = useSession()
  const [made, setMade] = useState<NewApiKeyView | null>(null)
  const accounts = useApi<ServiceAccountView[]>('/service-accounts', { per_page: 100 })
  return (
    <>
      <ResourceList<ApiKeyView>
        resource={{
          noun: 'API key',
          path: '/api-keys',
          needs: 'apikeys.manage',
          icon: KeyRound,
          empty: text.empty,
          emptyText: text.emptyText,
          nameOf: (one) => one.name,
          keyOf: (one) => one.id,
          onCreated: (data) => setMade(data as NewApiKeyView),
          create: [
            { name: 'name', label: 'Name', required: true },
            { name: 'scopes', label: 'May', kind: 'multi', required: true, options: choices(me?.permissions ?? []) },
            { name: 'expiresAt', label: 'Ends', kind: 'datetime' },
            {
              name: 'serviceAccountId',
              label: 'Of a service account',
              kind: 'select',
              options: (accounts.data ?? []).map((one) => ({ value: one.id, label: one.name })),
            },
            {
              name: 'objects',
              label: 'Reaches',
              kind: 'select',
              options: choices(['all', 'granted']),
              standard: 'all',
            },
          ],
          detail: (one) => (
            <Stack>
              <Facts
                items={[
                  ['State', <StatusText key="s" status={stateOf(one)} />],
                  ['Begins with', <code key="p">{one.prefix}</code>],
                  ['Made', <TimeText key="c" at={one.createdAt} />],
                  ['Used', <TimeText key="u" at={one.lastUsedAt} relative none="never" />],
                  ['Ends', <TimeText key="e" at={one.expiresAt} none="never" />],
                  ['By', <SafeText key="b">{one.createdBy?.email ?? '–'}</SafeText>],
                ]}
              />
              <div>
                {one.scopes.map((scope) => (
                  <span key={scope}>
                    <Tag>{scope}</Tag>{' '}
                  </span>
                ))}
              </div>
            </Stack>
          ),
          deletable: (one) => stateOf(one) === 'active',
          deleteText: () => text.revoke,
          columns: [
            { key: 'name', title: 'Name', render: (one) => <SafeText most={80}>{one.name}</SafeText> },
            { key: 'state', title: 'State', width: '110px', render: (one) => <StatusText status={stateOf(one)} /> },
            {
              key: 'prefix',
              title: 'Begins with',
              width: '140px',
              from: 620,
              render: (one) => <code>{one.prefix}</code>,
            },
            {
              key: 'scopes',
              title: 'May',
              width: '130px',
              from: 720,
              render: (one) => `${one.scopes.length} permissions`,
            },
            {
              key: 'used',
              title: 'Used',
              width: '110px',
              from: 520,
              render: (one) => <TimeText at={one.lastUsedAt} relative none="never" />,
            },
            {
              key: 'ends',
              title: 'Ends',
              width: '110px',
              from: 840,
              render: (one) => <TimeText at={one.expiresAt} relative none="never" />,
            },
          ],
        }}
      />
      {made && <ShownOnce made={made} close={() => setMade(null)} />}
    </>
  )
}

function Accounts() {
  return (
    <ResourceList<ServiceAccountView>
      resource={{
        noun: 'service account',
        path: '/service-accounts',
        needs: 'apikeys.manage',
        icon: KeyRound,
        empty: text.noAccounts,
        emptyText: text.noAccountsText,
        nameOf: (one) => one.name,
        keyOf: (one) => one.id,
        versionOf: (one) => one.version,
        create: [
          { name: 'name', label: 'Name', required: true },
          { name: 'description', label: 'Description', kind: 'textarea' },
        ],
        edit: [
          { name: 'name', label: 'Name', required: true },
          { name: 'description', label: 'Description', kind: 'textarea' },
          { name: 'active', label: 'Its keys work', kind: 'switch' },
        ],
        deletable: true,
        columns: [
          { key: 'name', title: 'Name', render: (one) => <SafeText most={80}>{one.name}</SafeText> },
          {
            key: 'active',
            title: 'State',
            width: '110px',
            render: (one) => <StatusText status={one.active ? 'active' : 'inactive'} />,
          },
          { key: 'keys', title: 'Keys', width: '80px', align: 'end', render: (one) => one.apiKeys },
          {
            key: 'used',
            title: 'Used',
            width: '110px',
            from: 520,
            render: (one) => <TimeText at={one.lastUsedAt} relative none="never" />,
          },
        ],
      }}
    />
  )
}

export default function ApiKeysPage() {
  const [params, change] = useParamsOfUrl()
  const tab = params.tab === 'accounts' ? 'accounts' : 'keys'
  return (
    <Page
      title={text.title}
      sub={text.sub}
      tabs={
        <PageTabs
          label={text.title}
          value={tab}
          onChange={(next) => change({ tab: next })}
          items={[
            { value: 'keys', label: 'Keys' },
            { value: 'accounts', label: text.accounts },
          ]}
        />
      }
    >
      {tab === 'keys' ? <Keys /> : <Accounts />}
    </Page>
  )
}
