import { useState } from 'react'
import { send } from '../../api/client'
import type { IngestView } from '../../api/schema.gen'
import { useGo } from '../../app/links'
import { Act } from '../../ui/Act'
import type { Field } from '../../ui/fields'
import { FormDrawer } from '../../ui/FormDrawer'

const FIELDS: Field[] = [
  { name: 'type', label: 'Type', required: true, placeholder: 'order.placed' },
  { name: 'source', label: 'Source', required: true, standard: '/console' },
  { name: 'subject', label: 'Subject' },
  { name: 'data', label: 'Data', kind: 'json', standard: '{}' },
]

/** Sends an event by hand, as a CloudEvent, to see what it does. */
export function PublishEvent() {
  const [isOpen, setOpen] = useState(false)
  const go = useGo()
  return (
    <>
      <Act needs="events.publish" onClick={() => setOpen(true)}>
        Send an event
      </Act>
      {isOpen && (
        <FormDrawer
          title="Send an event"
          fields={FIELDS}
          act="Send"
          touches={['/events', '/executions']}
          close={() => setOpen(false)}
          run={async (body) => {
            const { data } = await send<IngestView>('POST', '/events', {
              body: { specversion: '1.0', id: crypto.randomUUID(), datacontenttype: 'application/json', ...body },
              headers: { 'Content-Type': 'application/cloudevents+json' },
            })
            const id = data.events[0]?.id
            if (id) go(`/events/${id}`)
          }}
        />
      )}
    </>
  )
}
