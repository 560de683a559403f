import { useParamsOfUrl } from '../../app/links'
import { useMay } from '../../app/permissions'
import { Page, PageTabs } from '../../ui/Page'
import { Calls } from './Calls'
import { Costs } from './Costs'
import { Registry } from './Registry'
import { text } from './text'

export default function ModelsPage() {
  const [params, change] = useParamsOfUrl()
  const may = useMay()
  const tab = params.tab ?? 'models'
  const items = [
    { value: 'models', label: 'Models' },
    ...(may('usage.read')
      ? [
          { value: 'cost', label: 'Cost' },
          { value: 'calls', label: 'Calls' },
        ]
      : []),
  ]
  return (
    <Page
      title={text.title}
      sub={text.sub}
      tabs={
        <PageTabs
          label={text.title}
          value={tab}
          onChange={(next) => change({ tab: next, status: null, purpose: null })}
          items={items}
        />
      }
    >
      {tab === 'models' && <Registry />}
      {tab === 'cost' && may('usage.read') && <Costs />}
      {tab === 'calls' && may('usage.read') && <Calls />}
    </Page>
  )
}
