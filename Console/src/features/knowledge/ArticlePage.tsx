import { Alert, Group, Loader } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { Download, Pencil, RotateCcw, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { download, send } from '../../api/client'
import { invalidate, useAct, useApi } from '../../api/queries'
import type { ArticleView } from '../../api/schema.gen'
import { useGo, useParamsOfUrl } from '../../app/links'
import { Act } from '../../ui/Act'
import { useConfirm } from '../../ui/Confirm'
import { EmptyState, Waiting } from '../../ui/EmptyState'
import { ErrorBox } from '../../ui/ErrorBox'
import { FormDrawer } from '../../ui/FormDrawer'
import { tellDone } from '../../ui/notify'
import { Facts, Page, PageTabs, Panel } from '../../ui/Page'
import { SafeText } from '../../ui/SafeText'
import { StatusText, Tag } from '../../ui/StatusText'
import { TimeText } from '../../ui/TimeText'
import { ArticleText } from './ArticleText'
import { ARTICLE_FIELDS } from './fields'
import { text } from './text'
import { Versions } from './Versions'

const READING_MS = 1_000
const WRITE = 'knowledge.write'
const TABS = [
  { value: 'text', label: 'Text' },
  { value: 'versions', label: 'Versions' },
]

/** The file goes to the disk: shown here, somebody's HTML would be a page of this address. */
async function save(article: ArticleView) {
  const url = URL.createObjectURL(await download(`/knowledge/${article.id}/file`))
  const link = document.createElement('a')
  link.href = url
  link.download = article.file?.name ?? 'file'
  link.click()
  URL.revokeObjectURL(url)
}

function Actions({ article, edit }: { article: ArticleView; edit: () => void }) {
  const confirm = useConfirm()
  const client = useQueryClient()
  const go = useGo()
  const saving = useAct({ run: () => save(article) })
  const reading = useAct({
    touches: ['/knowledge'],
    run: () => send('POST', `/knowledge/${article.id}/file/read`, { ifMatch: article.version }),
  })
  const remove = () =>
    confirm({
      title: text.deleteTitle(article.title),
      body: text.deleteBody,
      act: 'Delete',
      danger: true,
      run: async () => {
        await send('DELETE', `/knowledge/${article.id}`, { ifMatch: article.version })
        tellDone(text.deleted(article.title))
        go('/knowledge')
        await invalidate(client, ['/knowledge'])
      },
    })
  return (
    <Group gap="xs">
      {article.file && (
        <Act variant="default" icon={<Download size={14} aria-hidden />} onClick={() => saving.mutate()}>
          {text.download}
        </Act>
      )}
      {article.status === 'failed' && article.file && (
        <Act
          needs={WRITE}
          variant="default"
          icon={<RotateCcw size={14} aria-hidden />}
          loading={reading.isPending}
          onClick={() => reading.mutate()}
        >
          {text.readAgain}
        </Act>
      )}
      <Act needs={WRITE} variant="default" color="red" icon={<Trash2 size={14} aria-hidden />} onClick={remove}>
        Delete
      </Act>
      <Act
        needs={WRITE}
        because={article.status === 'processing' ? text.processing : null}
        icon={<Pencil size={14} aria-hidden />}
        onClick={edit}
      >
        {text.edit}
      </Act>
    </Group>
  )
}

function Body({ article }: { article: ArticleView }) {
  if (article.status === 'processing') {
    return (
      <Panel>
        <Group gap="sm" role="status">
          <Loader size="xs" aria-hidden />
          {text.processing}
        </Group>
      </Panel>
    )
  }
  return (
    <>
      {article.failure && (
        <Alert color="red" title={text.failed}>
          <SafeText most={1000}>{`${article.failure.message} (${article.failure.code})`}</SafeText>
        </Alert>
      )}
      <Panel>
        {article.content ? <ArticleText content={article.content} /> : <EmptyState title={text.noContent} />}
      </Panel>
    </>
  )
}

function About({ article }: { article: ArticleView }) {
  return (
    <Panel>
      <Facts
        items={[
          [
            'Category',
            <SafeText key="category" most={100}>
              {article.category || text.none}
            </SafeText>,
          ],
          ['Tags', article.tags.length > 0 ? article.tags.map((tag) => <Tag key={tag}>{tag}</Tag>) : text.none],
          [
            'Comes from',
            article.file ? (
              <SafeText most={100}>
                {`${article.file.name}${article.file.pages ? `, ${article.file.pages} pages` : ''}`}
              </SafeText>
            ) : article.sourceUrl ? (
              <a href={article.sourceUrl} target="_blank" rel="noopener noreferrer">
                <SafeText most={80}>{article.sourceUrl}</SafeText>
              </a>
            ) : (
              'written here'
            ),
          ],
          ['Changed', <TimeText key="at" at={article.updatedAt} relative />],
          ['Version', String(article.version)],
        ]}
      />
    </Panel>
  )
}

export default function ArticlePage() {
  const { articleId: id } = useParams({ strict: false }) as { articleId: string }
  const [params, change] = useParamsOfUrl()
  const [isEditing, setEditing] = useState(false)
  const [isReading, setReading] = useState(false)
  const found = useApi<ArticleView>(`/knowledge/${id}`, undefined, { every: isReading ? READING_MS : false })
  const article = found.data
  const reads = article?.status === 'processing'
  if (reads !== isReading) setReading(reads)
  if (found.error && !article) {
    return (
      <Page title={text.title}>
        <ErrorBox error={found.error} retry={() => void found.refetch()} />
      </Page>
    )
  }
  if (!article) {
    return (
      <Page title={text.title}>
        <Waiting rows={6} />
      </Page>
    )
  }
  const tab = params.tab === 'versions' ? 'versions' : 'text'
  return (
    <Page
      title={article.title}
      mark={<StatusText status={article.status} />}
      crumbs={[{ label: text.title, href: '/knowledge' }]}
      actions={<Actions article={article} edit={() => setEditing(true)} />}
      tabs={
        <PageTabs
          label="Parts of the article"
          items={TABS}
          value={tab}
          onChange={(next) => change({ tab: next === 'text' ? null : next })}
        />
      }
    >
      {tab === 'versions' ? (
        <Versions article={article} />
      ) : (
        <>
          <About article={article} />
          <Body article={article} />
        </>
      )}
      {isEditing && (
        <FormDrawer
          title={text.edit}
          fields={ARTICLE_FIELDS}
          initial={{ ...article }}
          size={720}
          touches={['/knowledge']}
          done={text.saved}
          close={() => setEditing(false)}
          run={(body) => send('PATCH', `/knowledge/${article.id}`, { body, ifMatch: article.version })}
        />
      )}
    </Page>
  )
}
