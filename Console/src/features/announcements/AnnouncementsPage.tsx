import { Megaphone } from 'lucide-react'
import type { AnnouncementView } from '../../api/schema.gen'
import { choices, type Field } from '../../ui/fields'
import { DataTable } from '../../ui/DataTable'
import { EmptyState } from '../../ui/EmptyState'
import { useList } from '../../api/queries'
import { Page, Panel } from '../../ui/Page'
import { ResourceList } from '../../ui/ResourcePage'
import { SafeText } from '../../ui/SafeText'
import { Tag, type Tone } from '../../ui/StatusText'
import { TimeText } from '../../ui/TimeText'
import { text } from './text'

const TONES: Record<string, Tone> = { info: 'run', success: 'ok', warning: 'wait', error: 'bad' }
const FIELDS: Field[] = [
  { name: 'title', label: 'Title', required: true },
  { name: 'text', label: 'Text', kind: 'textarea', help: 'Markdown.' },
  {
    name: 'level',
    label: 'Level',
    kind: 'select',
    options: choices(['info', 'success', 'warning', 'error']),
    standard: 'info',
  },
  { name: 'startsAt', label: 'From', kind: 'datetime' },
  { name: 'endsAt', label: 'Until', kind: 'datetime' },
]
const COLUMNS = [
  {
    key: 'title',
    title: 'Title',
    width: 'minmax(0, 2fr)',
    render: (one: AnnouncementView) => <SafeText most={100}>{one.title}</SafeText>,
  },
  {
    key: 'level',
    title: 'Level',
    width: '100px',
    render: (one: AnnouncementView) => <Tag tone={TONES[one.level] ?? 'idle'}>{one.level}</Tag>,
  },
  {
    key: 'from',
    title: 'From',
    width: '110px',
    from: 480,
    render: (one: AnnouncementView) => <TimeText at={one.startsAt} relative />,
  },
  {
    key: 'to',
    title: 'Until',
    width: '110px',
    from: 620,
    render: (one: AnnouncementView) => <TimeText at={one.endsAt} relative none="further notice" />,
  },
]

/** Changes are made on /announcements/ID; the list of all, also of those to come, has an address of its own. */
export default function AnnouncementsPage() {
  const all = useList<AnnouncementView>('/announcements/all')
  return (
    <Page title={text.title} sub={text.sub}>
      <ResourceList<AnnouncementView>
        resource={{
          noun: 'announcement',
          path: '/announcements',
          needs: 'announcements.manage',
          icon: Megaphone,
          empty: text.empty,
          nameOf: (one) => one.title,
          keyOf: (one) => one.id,
          versionOf: (one) => one.version,
          create: FIELDS,
          edit: FIELDS,
          deletable: true,
          columns: COLUMNS,
        }}
      />
      <Panel title="All, also past and to come" flush>
        <DataTable
          label="All announcements"
          list={all}
          columns={COLUMNS}
          rowKey={(one) => one.id}
          empty={<EmptyState title={text.empty} />}
        />
      </Panel>
    </Page>
  )
}
