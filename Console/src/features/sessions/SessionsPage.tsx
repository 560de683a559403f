import { MessagesSquare } from 'lucide-react'
import { useQueryClient } from '@tanstack/react-query'
import { send } from '../../api/client'
import { invalidate, useApi } from '../../api/queries'
import type { ConversationalSessionView } from '../../api/schema.gen'
import { useParamsOfUrl } from '../../app/links'
import { useMay } from '../../app/permissions'
import { Act } from '../../ui/Act'
import { useConfirm } from '../../ui/Confirm'
import { EmptyState } from '../../ui/EmptyState'
import { ErrorBox } from '../../ui/ErrorBox'
import { FilterBar } from '../../ui/FilterBar'
import { JsonView } from '../../ui/JsonView'
import { Facts, Page, Panel } from '../../ui/Page'
import { RunList } from '../../ui/runs/RunList'
import { SafeText } from '../../ui/SafeText'
import { text } from './text'

export default function SessionsPage() {
  const [params] = useParamsOfUrl()
  const may = useMay()
  const confirm = useConfirm()
  const client = useQueryClient()
  const id = params.id
  const found = useApi<ConversationalSessionView>(
    id ? `/conversational-sessions/${encodeURIComponent(id)}` : null,
    undefined,
    { keep: false },
  )
  const end = () =>
    confirm({
      title: 'End the session',
      body: text.end,
      act: 'End',
      danger: true,
      run: async () => {
        await send('DELETE', `/conversational-sessions/${encodeURIComponent(id ?? '')}`)
        await invalidate(client, ['/conversational-sessions'])
      },
    })
  return (
    <Page title={text.title} sub={text.sub}>
      <FilterBar filters={[{ name: 'id', label: text.find, width: 320 }]} />
      {!id && (
        <Panel>
          <EmptyState icon={MessagesSquare} title="Look one up">
            Runs of a session bear its id: filter the runs by it, or type it here.
          </EmptyState>
        </Panel>
      )}
      <ErrorBox error={found.error} />
      {found.data && (
        <Panel
          title="Session"
          actions={
            <Act needs="sessions.use" variant="default" onClick={end}>
              End…
            </Act>
          }
        >
          <Facts
            items={[
              ['Id', <SafeText key="i">{found.data.id}</SafeText>],
              ['Type', found.data.type],
              ['Number', <SafeText key="n">{found.data.msisdn ?? '–'}</SafeText>],
            ]}
          />
          <JsonView value={found.data.data} label="What it knows" />
        </Panel>
      )}
      {id && may('executions.read') && (
        <Panel title={text.runs} flush>
          <RunList query={{ session: id }} />
        </Panel>
      )}
    </Page>
  )
}
