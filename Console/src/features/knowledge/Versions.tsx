import { RotateCcw } from 'lucide-react'
import { useState } from 'react'
import { send } from '../../api/client'
import { useAct, useApi } from '../../api/queries'
import type { ArticleDiffView, ArticleView, ArticleVersionSummary } from '../../api/schema.gen'
import { usePeopleNames } from '../../api/people'
import { Act } from '../../ui/Act'
import { type Column, DataTable } from '../../ui/DataTable'
import { EmptyState, Waiting } from '../../ui/EmptyState'
import { ErrorBox } from '../../ui/ErrorBox'
import { tellDone } from '../../ui/notify'
import { Facts, Panel } from '../../ui/Page'
import { safeText } from '../../ui/safe'
import { SafeText } from '../../ui/SafeText'
import { ScrollRegion } from '../../ui/ScrollRegion'
import { TimeText } from '../../ui/TimeText'
import classes from './Knowledge.module.css'
import { text } from './text'

const SIGNS: Record<string, string> = { added: '+', removed: '−', same: ' ' }

function Diff({ id, from, to }: { id: string; from: number; to: number }) {
  const found = useApi<ArticleDiffView>(`/knowledge/${id}/versions/${from}/diff/${to}`, undefined, { keep: false })
  const diff = found.data
  return (
    <Panel title={text.compare(from, to)}>
      {found.error && <ErrorBox error={found.error} retry={() => void found.refetch()} />}
      {found.isLoading && <Waiting rows={4} />}
      {diff && diff.fields.length > 0 && (
        <Facts
          items={diff.fields.map((field) => [
            field.field,
            <SafeText
              key={field.field}
              most={200}
            >{`${field.before || text.none} → ${field.after || text.none}`}</SafeText>,
          ])}
        />
      )}
      {diff && diff.lines.length === 0 && text.same}
      {diff && diff.lines.length > 0 && (
        <ScrollRegion label={text.compare(from, to)} className={classes.diff}>
          {diff.lines.map((line, at) => (
            <div key={at} className={classes.line} data-kind={line.kind}>
              <span>
                <span className="visually-hidden">{line.kind}</span>
                <span aria-hidden>{SIGNS[line.kind]}</span>
              </span>
              <span>{safeText(line.text) || ' '}</span>
            </div>
          ))}
        </ScrollRegion>
      )}
      {diff?.isCut && text.cut}
    </Panel>
  )
}

/** The versions of an article that are kept: each compared with the present one, and the way back to it. */
export function Versions({ article }: { article: ArticleView }) {
  const [chosen, setChosen] = useState<number | null>(null)
  const found = useApi<ArticleVersionSummary[]>(`/knowledge/${article.id}/versions`)
  const versions = found.data ?? []
  const names = usePeopleNames([...new Set(versions.flatMap((one) => one.createdBy ?? []))])
  const restoring = useAct<number>({
    touches: ['/knowledge'],
    run: (number) => send('POST', `/knowledge/${article.id}/versions/${number}/restore`, { ifMatch: article.version }),
    onDone: (_, number) => tellDone(text.restored(number)),
  })
  const columns: Column<ArticleVersionSummary>[] = [
    { key: 'number', title: 'Version', width: '70px', render: (one) => String(one.number) },
    { key: 'change', title: 'What', width: 'minmax(0, 1fr)', render: (one) => text.changes[one.change] ?? one.change },
    {
      key: 'who',
      title: 'Who',
      from: 480,
      render: (one) => <SafeText most={60}>{(one.createdBy && names.get(one.createdBy)) || 'a program'}</SafeText>,
    },
    { key: 'at', title: 'When', width: '110px', render: (one) => <TimeText at={one.createdAt} relative /> },
  ]
  return (
    <>
      <ErrorBox error={restoring.error} />
      <Panel flush>
        <DataTable
          label="Versions"
          list={{ items: versions, isLoading: found.isLoading, error: found.error }}
          columns={columns}
          rowKey={(one) => String(one.number)}
          onOpen={(one) => setChosen(one.number)}
          actionsWidth="50px"
          actions={(one) =>
            one.number !== article.version && (
              <Act
                needs="knowledge.write"
                iconOnly
                label={text.restore}
                icon={<RotateCcw size={14} aria-hidden />}
                onClick={() => restoring.mutate(one.number)}
              />
            )
          }
          empty={<EmptyState title={text.none} />}
        />
      </Panel>
      {chosen !== null && chosen !== article.version && <Diff id={article.id} from={chosen} to={article.version} />}
    </>
  )
}
