import { BookOpen, Plus, Upload } from 'lucide-react'
import { useState } from 'react'
import { type Query, send } from '../../api/client'
import { useApi, useList } from '../../api/queries'
import type { ArticleSummary, ArticleView, CategoryView } from '../../api/schema.gen'
import { useGo, useParamsOfUrl } from '../../app/links'
import { Act } from '../../ui/Act'
import { type Column, DataTable } from '../../ui/DataTable'
import { EmptyState } from '../../ui/EmptyState'
import { type Filter, FilterBar, NoMatch } from '../../ui/FilterBar'
import { FormDrawer } from '../../ui/FormDrawer'
import { Page, Panel } from '../../ui/Page'
import { SafeText } from '../../ui/SafeText'
import { StatusText, Tag } from '../../ui/StatusText'
import { TimeText } from '../../ui/TimeText'
import { ARTICLE_FIELDS } from './fields'
import { text } from './text'
import { UploadDrawer } from './UploadDrawer'

const READING_MS = 2_000
const WRITE = 'knowledge.write'

const COLUMNS: Column<ArticleSummary>[] = [
  {
    key: 'title',
    title: 'Title',
    width: 'minmax(0, 2fr)',
    render: (one) => <SafeText most={100}>{one.title}</SafeText>,
  },
  { key: 'category', title: 'Category', from: 480, render: (one) => <SafeText most={40}>{one.category}</SafeText> },
  {
    key: 'tags',
    title: 'Tags',
    from: 760,
    render: (one) => one.tags.slice(0, 3).map((tag) => <Tag key={tag}>{tag.slice(0, 30)}</Tag>),
  },
  { key: 'kind', title: 'From', width: '90px', from: 620, render: (one) => one.file?.format ?? 'written' },
  { key: 'status', title: 'Status', width: '110px', render: (one) => <StatusText status={one.status} /> },
  { key: 'at', title: 'Changed', width: '100px', from: 560, render: (one) => <TimeText at={one.updatedAt} relative /> },
]

const filtersOf = (categories: CategoryView[]): Filter[] => [
  { name: 'text', label: 'Title' },
  {
    name: 'category',
    label: 'Category',
    options: categories
      .filter((one) => one.category !== '')
      .map((one) => ({ value: one.category, label: `${one.category} (${one.articles})` })),
  },
  { name: 'tag', label: 'Tag' },
  {
    name: 'status',
    label: 'Status',
    options: ['ready', 'processing', 'failed'].map((value) => ({ value, label: value })),
  },
]

export default function KnowledgePage() {
  const [params] = useParamsOfUrl()
  const [isWriting, setWriting] = useState(false)
  const [isUploading, setUploading] = useState(false)
  const go = useGo()
  const filters = filtersOf(useApi<CategoryView[]>('/knowledge/categories').data ?? [])
  const query: Query = {}
  for (const { name } of filters) if (params[name]) query[name] = params[name]
  const [isReading, setReading] = useState(false)
  const list = useList<ArticleSummary>('/knowledge', query, { every: isReading ? READING_MS : false })
  const reads = list.items.some((one) => one.status === 'processing')
  if (reads !== isReading) setReading(reads)
  const add = (
    <>
      <Act needs={WRITE} variant="default" icon={<Upload size={14} aria-hidden />} onClick={() => setUploading(true)}>
        {text.upload}
      </Act>
      <Act needs={WRITE} icon={<Plus size={14} aria-hidden />} onClick={() => setWriting(true)}>
        {text.write}
      </Act>
    </>
  )
  return (
    <Page title={text.title} sub={text.sub}>
      <FilterBar filters={filters} right={add} />
      <Panel flush>
        <DataTable
          label="Articles"
          list={list}
          columns={COLUMNS}
          rowKey={(one) => one.id}
          href={(one) => `/knowledge/${one.id}`}
          empty={
            Object.keys(query).length > 0 ? (
              <NoMatch filters={filters} />
            ) : (
              <EmptyState icon={BookOpen} title={text.empty}>
                {text.emptyText}
              </EmptyState>
            )
          }
        />
      </Panel>
      {isUploading && <UploadDrawer close={() => setUploading(false)} />}
      {isWriting && (
        <FormDrawer
          title={text.write}
          fields={ARTICLE_FIELDS}
          act="Create"
          size={720}
          touches={['/knowledge']}
          close={() => setWriting(false)}
          run={async (body) => {
            const { data } = await send<ArticleView>('POST', '/knowledge', { body })
            go(`/knowledge/${data.id}`)
          }}
        />
      )}
    </Page>
  )
}
