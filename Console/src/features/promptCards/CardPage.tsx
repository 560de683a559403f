import { useQueryClient } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { send } from '../../api/client'
import { invalidate, useApi } from '../../api/queries'
import type { CardView } from '../../api/schema.gen'
import { useGo, useParamsOfUrl } from '../../app/links'
import { useMay } from '../../app/permissions'
import { Act } from '../../ui/Act'
import { useConfirm } from '../../ui/Confirm'
import { Waiting } from '../../ui/EmptyState'
import { ErrorBox } from '../../ui/ErrorBox'
import { FieldsForm } from '../../ui/FormDrawer'
import { JsonView } from '../../ui/JsonView'
import { Page, PageTabs, Panel } from '../../ui/Page'
import { Tag } from '../../ui/StatusText'
import { EDIT, valuesOf } from './fields'
import { FiguresTab } from './FiguresTab'
import { text } from './text'
import { TestsTab } from './TestsTab'
import { TryTab } from './TryTab'
import { VersionsTab } from './VersionsTab'

const TABS = [
  { value: 'card', label: 'Card' },
  { value: 'try', label: 'Try' },
  { value: 'tests', label: 'Tests' },
  { value: 'versions', label: 'Versions' },
  { value: 'figures', label: 'Figures' },
]

function useActs(card: CardView | undefined) {
  const confirm = useConfirm()
  const client = useQueryClient()
  const go = useGo()
  const remove = () =>
    card &&
    confirm({
      title: `Delete prompt card ${card.title}`,
      body: text.deleteText,
      act: 'Delete',
      danger: true,
      run: async () => {
        await send('DELETE', `/prompt-cards/${card.id}`, { ifMatch: card.version })
        await invalidate(client, ['/prompt-cards'])
        go('/prompt-cards')
      },
    })
  const copy = async () => {
    if (!card) return
    const made = await send<CardView>('POST', `/prompt-cards/${card.id}/duplicate`, { body: {} })
    await invalidate(client, ['/prompt-cards'])
    go(`/prompt-cards/${made.data.id}`)
  }
  return { remove, copy }
}

function Editor({ card }: { card: CardView }) {
  const may = useMay()
  return (
    <Panel title="Card">
      {may('prompts.write') ? (
        <FieldsForm
          key={card.version}
          fields={EDIT}
          initial={valuesOf(card)}
          touches={['/prompt-cards']}
          done={`${card.title} was changed.`}
          run={(body) => send('PATCH', `/prompt-cards/${card.id}`, { body, ifMatch: card.version })}
        />
      ) : (
        <JsonView
          value={{ messages: card.messages, variables: card.variables, settings: card.settings }}
          label="Card"
        />
      )}
    </Panel>
  )
}

export default function CardPage() {
  const { cardId: id } = useParams({ strict: false }) as { cardId: string }
  const [params, change] = useParamsOfUrl()
  const found = useApi<CardView>(`/prompt-cards/${id}`, undefined, { keep: false })
  const { remove, copy } = useActs(found.data)
  const crumbs = [{ label: text.title, href: '/prompt-cards' }]
  if (found.error) {
    return (
      <Page title="No prompt card is at this address" crumbs={crumbs}>
        <ErrorBox error={found.error} retry={() => void found.refetch()} />
      </Page>
    )
  }
  if (!found.data) return <Waiting />
  const card = found.data
  const tab = params.tab ?? 'card'
  return (
    <Page
      title={card.title}
      sub={card.description || undefined}
      crumbs={crumbs}
      mark={
        <Tag>
          {card.publishedNumber
            ? `version ${card.number}, ${card.publishedNumber} published`
            : `version ${card.number}`}
        </Tag>
      }
      actions={
        <>
          <Act needs="prompts.write" variant="default" onClick={() => void copy()}>
            Duplicate
          </Act>
          <Act needs="prompts.write" variant="default" onClick={remove}>
            Delete…
          </Act>
        </>
      }
      tabs={
        <PageTabs label={text.title} value={tab} items={TABS} onChange={(next) => change({ tab: next, run: null })} />
      }
    >
      {tab === 'card' && <Editor card={card} />}
      {tab === 'try' && <TryTab card={card} />}
      {tab === 'tests' && <TestsTab card={card} />}
      {tab === 'versions' && <VersionsTab card={card} />}
      {tab === 'figures' && <FiguresTab card={card} />}
    </Page>
  )
}
