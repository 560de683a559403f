import { Button, SegmentedControl, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Check, Search, TriangleAlert } from 'lucide-react'
import { lazy, Suspense, useMemo, useState } from 'react'
import type { ApiError } from '../../../api/errors'
import { invalidate, useAct, useApi } from '../../../api/queries'
import type { ImportView, TemplateItem, TemplateView } from '../../../api/schema.gen'
import { useParamsOfUrl } from '../../../app/links'
import { useMay } from '../../../app/permissions'
import { Act } from '../../../ui/Act'
import { Waiting } from '../../../ui/EmptyState'
import { ErrorBox } from '../../../ui/ErrorBox'
import { modelOf } from '../../../ui/graph/model'
import { ScrollRegion } from '../../../ui/ScrollRegion'
import { Tag } from '../../../ui/StatusText'
import classes from './Create.module.css'
import { Missing } from './Missing'
import { checkFile, fileOf, isOnlyMissing, makeOfTemplate, type Place, type ReadFile } from './making'
import { text } from './text'

const FlowGraph = lazy(() => import('../../../ui/graph/FlowGraph'))
const REST_MS = 200

interface Props {
  place: Place
  open: (id: string, asCopy?: boolean) => void
}

function useCheck(template: TemplateView, place: Place, name: string) {
  const may = useMay()
  return useQuery<ImportView, ApiError>({
    queryKey: [`/jobs/${place.job}/import`, template.name, name],
    queryFn: () => {
      const file = fileOf(name || template.title, template.definition, template.tags)
      const read: ReadFile = { file, prefix: '/workflows/0/definition', name, kind: 'definition', problem: null }
      return checkFile(read, place, '')
    },
    enabled: may('workflows.write'),
    staleTime: 0,
  })
}

function Notes({ template }: { template: TemplateView }) {
  const names = new Map(modelOf(template.definition).nodes.map((node) => [node.id, node.name]))
  return (
    <>
      <h3 className={classes.part}>What to fill in</h3>
      <ul className={classes.notes}>
        {template.notes.map((note) => (
          <li key={`${note.node}${note.text}`}>
            {note.node && <strong>{names.get(note.node) ?? note.node}: </strong>}
            {note.text}
          </li>
        ))}
      </ul>
      <h3 className={classes.part}>What comes of it</h3>
      <ul className={classes.notes}>
        {template.examples.map((example) => (
          <li key={example.title}>
            <strong>{example.title}:</strong> {example.status}
            {example.code ? (
              <>
                {' with '}
                <code>{example.code}</code>
              </>
            ) : (
              <>
                {', '}
                <code className={classes.value}>{JSON.stringify(example.output).slice(0, 160)}</code>
              </>
            )}
          </li>
        ))}
      </ul>
    </>
  )
}

function Chosen({ template, place, open }: Props & { template: TemplateView }) {
  const [name, setName] = useState(template.title)
  const [rested] = useDebouncedValue(name.trim(), REST_MS)
  const check = useCheck(template, place, rested)
  const client = useQueryClient()
  const model = useMemo(() => modelOf(template.definition), [template.definition])
  const problems = check.data?.problems ?? []
  const asCopy = isOnlyMissing(problems)
  const make = useAct({
    run: () =>
      makeOfTemplate({
        name: name.trim(),
        definition: template.definition,
        tags: template.tags,
        pins: template.examples[0]?.pins ?? {},
        place,
        asCopy,
      }),
    onDone: (id) => {
      void invalidate(client, ['/workflows'])
      open(id, asCopy)
    },
  })
  const because = !name.trim()
    ? 'It needs a name.'
    : problems.length > 0 && !asCopy
      ? (problems[0]?.message ?? null)
      : null
  return (
    <div className={classes.chosen}>
      <h2 className={classes.chosenTitle}>{template.title}</h2>
      <p>{template.description}</p>
      <div className={classes.graph}>
        <Suspense fallback={<Waiting rows={3} />}>
          <FlowGraph key={template.name} model={model} label={`Graph of ${template.title}`} />
        </Suspense>
      </div>
      <ErrorBox error={check.error} retry={() => void check.refetch()} />
      {check.data && <Missing found={check.data} />}
      {asCopy && <p className={classes.quiet}>{text.copyText}</p>}
      <Notes template={template} />
      <ErrorBox error={make.error} />
      <div className={classes.make}>
        <TextInput
          className={classes.name}
          label="Name"
          value={name}
          maxLength={200}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        {asCopy && (
          <Button variant="default" onClick={() => void check.refetch()} loading={check.isFetching}>
            Look again
          </Button>
        )}
        <Act needs="workflows.write" because={because} loading={make.isPending} onClick={() => make.mutate()}>
          {asCopy ? 'Make it nevertheless' : 'Make it'}
        </Act>
      </div>
    </div>
  )
}

function Item({ item, isChosen, choose }: { item: TemplateItem; isChosen: boolean; choose: () => void }) {
  return (
    <li>
      <button type="button" className={classes.item} aria-pressed={isChosen} onClick={choose}>
        <span className={classes.itemTitle}>
          {item.title} {isChosen && <Check size={13} aria-hidden />}
        </span>
        <span className={classes.itemText}>{item.description}</span>
        <span className={classes.tags}>
          {item.triggers.map((trigger) => (
            <Tag key={trigger} tone="run">
              {trigger}
            </Tag>
          ))}
          {item.tags
            .filter((tag) => !item.triggers.includes(tag))
            .slice(0, 3)
            .map((tag) => (
              <Tag key={tag}>{tag}</Tag>
            ))}
          {item.requires.connectors.length > 0 && (
            <Tag tone="wait">
              <TriangleAlert size={11} aria-hidden /> needs {item.requires.connectors.join(', ')}
            </Tag>
          )}
        </span>
      </button>
    </li>
  )
}

/** Ready workflows, found by words and category, each with its graph and what it needs. */
export function Templates({ place, open }: Props) {
  const [params, change] = useParamsOfUrl()
  const [words, setWords] = useState('')
  const [category, setCategory] = useState('')
  const [rested] = useDebouncedValue(words, REST_MS)
  const found = useApi<TemplateItem[]>('/templates', { q: rested, category }, { staleTime: 600_000 })
  const chosen = useApi<TemplateView>(
    params.template ? `/templates/${encodeURIComponent(params.template)}` : null,
    undefined,
    { staleTime: 600_000, keep: false },
  )
  return (
    <div className={classes.columns} data-chosen={params.template ? true : undefined}>
      <div className={classes.left}>
        <TextInput
          aria-label={text.search}
          placeholder={text.search}
          leftSection={<Search size={14} aria-hidden />}
          value={words}
          maxLength={200}
          onChange={(event) => setWords(event.currentTarget.value)}
        />
        <SegmentedControl
          className={classes.categories}
          size="xs"
          aria-label="Category"
          value={category}
          onChange={setCategory}
          data={[
            { value: '', label: 'All' },
            ...Object.entries(text.categories).map(([value, label]) => ({ value, label })),
          ]}
        />
        <ErrorBox error={found.error} retry={() => void found.refetch()} />
        {found.isLoading && <Waiting rows={5} />}
        {found.data?.length === 0 && <p className={classes.quiet}>{text.noTemplate}</p>}
        <ScrollRegion label="Templates" className={classes.list}>
          <ul className={classes.items}>
            {found.data?.map((item) => (
              <Item
                key={item.name}
                item={item}
                isChosen={item.name === params.template}
                choose={() => change({ new: 'template', template: item.name })}
              />
            ))}
          </ul>
        </ScrollRegion>
      </div>
      <div className={classes.right} aria-live="polite">
        {!params.template && <p className={classes.quiet}>{text.choose}</p>}
        {params.template && (
          <Button
            className={classes.back}
            variant="subtle"
            size="compact-sm"
            onClick={() => change({ template: null })}
          >
            All templates
          </Button>
        )}
        <ErrorBox error={chosen.error} />
        {chosen.isLoading && <Waiting rows={6} />}
        {chosen.data && <Chosen key={chosen.data.name} template={chosen.data} place={place} open={open} />}
      </div>
    </div>
  )
}
