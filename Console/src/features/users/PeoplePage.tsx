import { useParamsOfUrl } from '../../app/links'
import { useMay } from '../../app/permissions'
import { Page, PageTabs } from '../../ui/Page'
import { Groups } from './Groups'
import { Invitations } from './Invitations'
import { Roles } from './Roles'
import { text } from './text'
import { Users } from './Users'

export default function PeoplePage() {
  const [params, change] = useParamsOfUrl()
  const may = useMay()
  const tab = params.tab ?? 'users'
  const items = [
    { value: 'users', label: 'Users' },
    { value: 'groups', label: 'Groups' },
    { value: 'roles', label: 'Roles' },
    ...(may('users.manage') ? [{ value: 'invitations', label: 'Invitations' }] : []),
  ]
  return (
    <Page
      title={text.title}
      tabs={
        <PageTabs
          label={text.title}
          value={tab}
          onChange={(next) => change({ tab: next, name: null, role: null })}
          items={items}
        />
      }
    >
      {tab === 'users' && <Users />}
      {tab === 'groups' && <Groups />}
      {tab === 'roles' && <Roles />}
      {tab === 'invitations' && may('users.manage') && <Invitations />}
    </Page>
  )
}
