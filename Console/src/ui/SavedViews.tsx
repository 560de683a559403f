import { Button, Group, Menu, Modal, Stack, Switch, TextInput } from '@mantine/core'
import { Bookmark, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { send } from '../api/client'
import { useAct, useApi } from '../api/queries'
import { hrefOf, useGo, useParamsOfUrl } from '../app/links'
import { hiddenColumns, hideColumns } from './columns'
import { ErrorBox } from './ErrorBox'
import { tellError } from './notify'
import { safeText } from './safe'

interface View {
  id: string
  name: string
  content: { query?: Record<string, string>; hidden?: string[] } | null
  shared: boolean
  own: boolean
  version: number
}

/** Keeps filter and columns of a list under a name, for oneself or for all. Absent where the server keeps no views. */
export default function SavedViews({ list, path }: { list: string; path: string }) {
  const [params] = useParamsOfUrl()
  const [isNaming, setNaming] = useState(false)
  const [name, setName] = useState('')
  const [isShared, setShared] = useState(false)
  const go = useGo()
  const views = useApi<View[]>('/views', { list }, { staleTime: 60_000 })
  const save = useAct({
    touches: ['/views'],
    run: () =>
      send('POST', '/views', {
        body: {
          list,
          name: name.trim(),
          content: { query: params, hidden: hiddenColumns(list) },
          shared: isShared,
        },
      }),
    onDone: () => {
      setNaming(false)
      setName('')
    },
  })
  const remove = useAct<View>({
    touches: ['/views'],
    run: (view) => send('DELETE', `/views/${view.id}`, { ifMatch: view.version }),
    onError: tellError,
  })
  const show = ({ content }: View) => {
    if (Array.isArray(content?.hidden)) hideColumns(list, content.hidden)
    go(hrefOf(path, content?.query ?? {}))
  }
  if (!views.data) return null
  const own = views.data.filter((view) => view.own)
  return (
    <>
      <Menu>
        <Menu.Target>
          <Button variant="default" size="compact-sm" leftSection={<Bookmark size={13} aria-hidden />}>
            Views
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {views.data.length === 0 && <Menu.Label>No view is kept yet</Menu.Label>}
          {views.data.map((view) => (
            <Menu.Item key={view.id} onClick={() => show(view)}>
              {safeText(view.name).slice(0, 60)}
              {view.shared && ' (shared)'}
            </Menu.Item>
          ))}
          <Menu.Divider />
          <Menu.Item onClick={() => setNaming(true)}>Keep this filter…</Menu.Item>
          {own.map((view) => (
            <Menu.Item key={view.id} leftSection={<Trash2 size={13} aria-hidden />} onClick={() => remove.mutate(view)}>
              Forget {safeText(view.name).slice(0, 40)}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      <Modal opened={isNaming} onClose={() => setNaming(false)} title="Keep this filter" size="sm">
        <form
          onSubmit={(event) => {
            event.preventDefault()
            if (name.trim()) save.mutate()
          }}
        >
          <Stack gap="xs">
            <TextInput label="Name" value={name} onChange={(event) => setName(event.currentTarget.value)} />
            <Switch
              label="For everybody"
              checked={isShared}
              onChange={(event) => setShared(event.currentTarget.checked)}
            />
            <ErrorBox error={save.error} />
            <Group justify="flex-end">
              <Button type="submit" loading={save.isPending} disabled={!name.trim()}>
                Keep
              </Button>
            </Group>
          </Stack>
        </form>
      </Modal>
    </>
  )
}
