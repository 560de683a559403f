import { Modal, Tabs } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { FileJson, LayoutTemplate, SquarePlus } from 'lucide-react'
import type { WorkflowView } from '../../../api/schema.gen'
import type { ApiError } from '../../../api/errors'
import { send } from '../../../api/client'
import { useGo, useParamsOfUrl } from '../../../app/links'
import { Waiting } from '../../../ui/EmptyState'
import { ErrorBox } from '../../../ui/ErrorBox'
import type { Field } from '../../../ui/fields'
import { FieldsForm } from '../../../ui/FormDrawer'
import { SafeText } from '../../../ui/SafeText'
import classes from './Create.module.css'
import { FromFile } from './FromFile'
import { EMPTY_DEFINITION, findPlace, type Place } from './making'
import { Templates } from './Templates'
import { text } from './text'

const FIELDS: Field[] = [
  { name: 'name', label: 'Name', required: true },
  { name: 'description', label: 'Description', kind: 'textarea', help: 'Markdown.' },
  { name: 'tags', label: 'Tags', kind: 'tags' },
]

function Empty({ place, open }: { place: Place; open: (id: string) => void }) {
  return (
    <div className={classes.narrow}>
      <FieldsForm
        fields={FIELDS}
        act="Create"
        touches={['/workflows']}
        run={async (body) => {
          const { data } = await send<WorkflowView>('POST', '/workflows', {
            body: { ...body, definition: { ...EMPTY_DEFINITION, name: body.name }, jobId: place.job },
          })
          open(data.id)
        }}
      />
    </div>
  )
}

const TABS = [
  { value: 'template', label: text.template, icon: LayoutTemplate },
  { value: 'empty', label: text.empty, icon: SquarePlus },
  { value: 'file', label: text.file, icon: FileJson },
]

/** Begins a workflow: of a template, of nothing, or of a file. Which of them is in the address. */
export default function NewWorkflow({ job }: { job: string | null }) {
  const [params, change] = useParamsOfUrl()
  const go = useGo()
  const isNarrow = useMediaQuery('(width < 760px)')
  const place = useQuery<Place | null, ApiError>({
    queryKey: ['/workspaces', 'first job', job],
    queryFn: () => findPlace(job),
    staleTime: 60_000,
  })
  const close = () => change({ new: null, template: null })
  const edit = (id: string, asCopy = false) => go(`/workflows/${id}/edit${asCopy ? '?copy=server' : ''}`)
  const tab = TABS.some(({ value }) => value === params.new) ? params.new : 'template'
  return (
    <Modal opened onClose={close} title={text.title} size={1040} fullScreen={isNarrow ?? false}>
      <Tabs value={tab} onChange={(next) => change({ new: next })} keepMounted={false}>
        <Tabs.List aria-label={text.title}>
          {TABS.map(({ value, label, icon: Icon }) => (
            <Tabs.Tab key={value} value={value} leftSection={<Icon size={14} aria-hidden />}>
              {label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <div className={classes.body}>
          <ErrorBox error={place.error} retry={() => void place.refetch()} />
          {place.isLoading && <Waiting rows={3} />}
          {place.data === null && <p className={classes.quiet}>{text.noPlace}</p>}
          {place.data && (
            <>
              <Tabs.Panel value="template">
                <Templates place={place.data} open={edit} />
              </Tabs.Panel>
              <Tabs.Panel value="empty">
                <Empty place={place.data} open={edit} />
              </Tabs.Panel>
              <Tabs.Panel value="file">
                <FromFile place={place.data} open={edit} openList={close} />
              </Tabs.Panel>
              <p className={classes.quiet}>
                It is made in <SafeText most={120}>{place.data.path}</SafeText>. Choose another job in the tree before,
                to have it there.
              </p>
            </>
          )}
        </div>
      </Tabs>
    </Modal>
  )
}
