import { Group, Stack, TextInput } from '@mantine/core'
import { CalendarDays, X } from 'lucide-react'
import { useState } from 'react'
import { send } from '../../api/client'
import { useAct, useApi } from '../../api/queries'
import type { CalendarItem, CalendarView } from '../../api/schema.gen'
import { useMay } from '../../app/permissions'
import { Act } from '../../ui/Act'
import { Waiting } from '../../ui/EmptyState'
import { ErrorBox } from '../../ui/ErrorBox'
import { choices, type Field } from '../../ui/fields'
import { ResourceList } from '../../ui/ResourcePage'
import { SafeText } from '../../ui/SafeText'
import { TimeText } from '../../ui/TimeText'
import classes from './Schedules.module.css'
import { text } from './text'

const WEEK = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday']
const FIELDS: Field[] = [
  { name: 'name', label: 'Name', required: true },
  { name: 'description', label: 'Description', kind: 'textarea' },
  { name: 'businessDays', label: 'Business days', kind: 'multi', options: choices(WEEK), standard: WEEK.slice(0, 5) },
]

function Days({ id }: { id: string }) {
  const may = useMay()
  const found = useApi<CalendarView>(`/calendars/${id}`)
  const [day, setDay] = useState('')
  const [name, setName] = useState('')
  const add = useAct({
    touches: ['/calendars'],
    run: () => send('POST', `/calendars/${id}/days`, { body: { days: [{ day, name }] }, ifMatch: '*' }),
    onDone: () => {
      setDay('')
      setName('')
    },
  })
  const remove = useAct<string>({
    touches: ['/calendars'],
    run: (one) => send('DELETE', `/calendars/${id}/days/${one}`, { ifMatch: '*' }),
  })
  if (!found.data) return <Waiting rows={3} />
  return (
    <Stack gap="xs">
      <strong>Days that differ</strong>
      <ul className={classes.days}>
        {found.data.days.map((one) => (
          <li key={one.day} className={classes.fire}>
            <span>
              {one.day} <SafeText most={60}>{one.name ?? ''}</SafeText> {one.isBusiness && '(worked)'}
            </span>
            {may('schedules.write') && (
              <Act
                iconOnly
                label={`Remove ${one.day}`}
                icon={<X size={14} aria-hidden />}
                onClick={() => remove.mutate(one.day)}
              />
            )}
          </li>
        ))}
      </ul>
      {may('schedules.write') && (
        <Group align="end" gap="xs">
          <TextInput type="date" label="Holiday" value={day} onChange={(event) => setDay(event.currentTarget.value)} />
          <TextInput label="Its name" value={name} onChange={(event) => setName(event.currentTarget.value)} />
          <Act
            variant="default"
            because={day ? null : 'Choose a day first.'}
            loading={add.isPending}
            onClick={() => add.mutate()}
          >
            Add
          </Act>
        </Group>
      )}
      <ErrorBox error={add.error ?? remove.error} />
    </Stack>
  )
}

export function Calendars() {
  return (
    <ResourceList<CalendarItem>
      resource={{
        noun: 'calendar',
        path: '/calendars',
        needs: 'schedules.write',
        icon: CalendarDays,
        empty: text.calendarsEmpty,
        nameOf: (one) => one.name,
        keyOf: (one) => one.id,
        versionOf: (one) => one.version,
        create: FIELDS,
        edit: FIELDS,
        deletable: true,
        detail: (one) => <Days id={one.id} />,
        columns: [
          { key: 'name', title: 'Name', render: (one) => <SafeText most={80}>{one.name}</SafeText> },
          {
            key: 'days',
            title: 'Business days',
            from: 520,
            render: (one) => one.businessDays.map((day) => day.slice(0, 3)).join(' '),
          },
          {
            key: 'updated',
            title: 'Changed',
            width: '110px',
            render: (one) => <TimeText at={one.updatedAt} relative />,
          },
        ],
      }}
    />
  )
}
