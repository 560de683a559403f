import { useParamsOfUrl } from '../../app/links'
import { Page, PageTabs } from '../../ui/Page'
import { Notices } from './Notices'
import { Profile } from './Profile'
import { Security } from './Security'
import { Substitutions } from './Substitutions'
import { text } from './text'

export default function MePage() {
  const [params, change] = useParamsOfUrl()
  const tab = params.tab ?? 'profile'
  return (
    <Page
      title={text.title}
      tabs={
        <PageTabs
          label={text.title}
          value={tab}
          onChange={(next) => change({ tab: next })}
          items={[
            { value: 'profile', label: 'Profile' },
            { value: 'security', label: 'Security' },
            { value: 'substitutions', label: 'Substitutions' },
            { value: 'notices', label: 'Notifications' },
          ]}
        />
      }
    >
      {tab === 'profile' && <Profile />}
      {tab === 'security' && <Security />}
      {tab === 'substitutions' && <Substitutions />}
      {tab === 'notices' && <Notices />}
    </Page>
  )
}
