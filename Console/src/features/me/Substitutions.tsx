import { Stack, TextInput } from '@mantine/core'
import { useState } from 'react'
import { send } from '../../api/client'
import { useAct, useApi } from '../../api/queries'
import type { SubstitutionView } from '../../api/schema.gen'
import { Act } from '../../ui/Act'
import { DataTable } from '../../ui/DataTable'
import { EmptyState } from '../../ui/EmptyState'
import { ErrorBox } from '../../ui/ErrorBox'
import { tellError } from '../../ui/notify'
import { Panel } from '../../ui/Page'
import { PersonPicker } from '../../ui/PersonPicker'
import { TimeText } from '../../ui/TimeText'
import { text } from './text'

const PATH = '/users/me/substitutions'

export function Substitutions() {
  const found = useApi<SubstitutionView[]>(PATH)
  const [person, setPerson] = useState<string | null>(null)
  const [until, setUntil] = useState('')
  const add = useAct({
    touches: [PATH],
    run: () => send('POST', PATH, { body: { substituteId: person, endsAt: new Date(until).toISOString() } }),
    onDone: () => setPerson(null),
  })
  const remove = useAct<string>({ touches: [PATH], run: (id) => send('DELETE', `${PATH}/${id}`), onError: tellError })
  return (
    <>
      <Panel title={text.substitutions} flush>
        <DataTable<SubstitutionView>
          label={text.substitutions}
          list={{ items: found.data ?? [], isLoading: found.isLoading, error: found.error }}
          rowKey={(one) => one.id}
          empty={<EmptyState title={text.noSubstitutions} />}
          actions={(one) => (
            <Act size="compact-xs" variant="subtle" onClick={() => remove.mutate(one.id)}>
              End
            </Act>
          )}
          columns={[
            { key: 'who', title: 'Who', render: (one) => <code>{one.substituteId}</code> },
            { key: 'from', title: 'From', from: 520, render: (one) => <TimeText at={one.startsAt} detail="minute" /> },
            { key: 'to', title: 'Until', render: (one) => <TimeText at={one.endsAt} detail="minute" /> },
          ]}
        />
      </Panel>
      <Panel title="Name somebody">
        <Stack gap="sm">
          <PersonPicker label="Who decides for me" value={person} onChange={setPerson} />
          <TextInput
            type="datetime-local"
            label="Until"
            required
            value={until}
            onChange={(event) => setUntil(event.currentTarget.value)}
          />
          <ErrorBox error={add.error} />
          <div>
            <Act
              because={person && until ? null : 'Choose a person and a day first.'}
              loading={add.isPending}
              onClick={() => add.mutate()}
            >
              Name
            </Act>
          </div>
        </Stack>
      </Panel>
    </>
  )
}
