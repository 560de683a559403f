import { FileButton, Button, Textarea, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { CircleCheck, CircleX, Upload } from 'lucide-react'
import { useMemo, useState } from 'react'
import type { ApiError } from '../../../api/errors'
import { invalidate, useAct } from '../../../api/queries'
import type { ImportView } from '../../../api/schema.gen'
import { Act } from '../../../ui/Act'
import { ErrorBox } from '../../../ui/ErrorBox'
import { tellDone } from '../../../ui/notify'
import { SafeText } from '../../../ui/SafeText'
import classes from './Create.module.css'
import { Missing } from './Missing'
import { checkFile, makeOfFile, type Place, readFile, type ReadFile } from './making'
import { text } from './text'

const REST_MS = 350
const MOST_BYTES = 8 * 1024 * 1024

interface Props {
  place: Place
  open: (id: string) => void
  openList: () => void
}

const counts = (found: ImportView) =>
  [
    [found.folders, 'folder'],
    [found.jobs, 'job'],
    [found.workflows, 'workflow'],
  ]
    .filter(([count]) => count !== 0)
    .map(([count, word]) => `${count} ${word}${count === 1 ? '' : 's'}`)
    .join(', ')

function Checked({ read, place, open, openList }: Props & { read: ReadFile }) {
  const [name, setName] = useState(read.name)
  const [rested] = useDebouncedValue(name.trim(), REST_MS)
  const client = useQueryClient()
  const isOne = read.kind === 'definition' || read.kind === 'workflow'
  const check = useQuery<ImportView, ApiError>({
    queryKey: [`/jobs/${place.job}/import`, read.file, rested],
    queryFn: () => checkFile(read, place, rested),
    staleTime: 0,
    gcTime: 0,
  })
  const make = useAct({
    run: () => makeOfFile(read, place, name.trim()),
    onDone: (made) => {
      void invalidate(client, ['/workflows', '/workspaces', '/folders'])
      if (isOne && made.id) return open(made.id)
      tellDone(`Made: ${counts(made)}.`)
      openList()
    },
  })
  const because = check.isFetching ? 'It is being checked.' : check.data?.canImport ? null : 'It has problems.'
  return (
    <>
      <p>
        {read.kind === 'definition' ? 'A definition' : `An export of a ${read.kind}`}
        {check.data && counts(check.data) && `: ${counts(check.data)}`}.
      </p>
      <ErrorBox error={check.error} retry={() => void check.refetch()} />
      {check.data?.canImport && (
        <p className={classes.good} role="status">
          <CircleCheck size={15} aria-hidden /> {text.fileGood}
        </p>
      )}
      {check.data && <Missing found={check.data} />}
      <ErrorBox error={make.error} />
      <div className={classes.make}>
        <TextInput
          className={classes.name}
          label="Name"
          value={name}
          maxLength={200}
          placeholder={isOne ? undefined : 'As in the file'}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Act needs="workflows.write" because={because} loading={make.isPending} onClick={() => make.mutate()}>
          Make it
        </Act>
      </div>
    </>
  )
}

/** Begins with a file: what is wrong with it stands here before anything is made. */
export function FromFile(props: Props) {
  const [content, setContent] = useState('')
  const [fileName, setFileName] = useState('')
  const [failure, setFailure] = useState<string | null>(null)
  const [rested] = useDebouncedValue(content, REST_MS)
  const read = useMemo(() => (rested.trim() ? readFile(rested, fileName) : null), [rested, fileName])
  const take = async (file: File | null) => {
    if (!file) return
    if (file.size > MOST_BYTES) return setFailure(`A file has at most ${MOST_BYTES / 1024 / 1024} MiB.`)
    try {
      setContent(await file.text())
      setFileName(file.name)
      setFailure(null)
    } catch (error) {
      setFailure(`The file cannot be read: ${(error as Error).message}`)
    }
  }
  const problem = failure ?? read?.problem ?? null
  return (
    <div className={classes.stack}>
      <div className={classes.pick}>
        <FileButton onChange={(file) => void take(file)} accept=".json,application/json">
          {(button) => (
            <Button {...button} variant="default" leftSection={<Upload size={14} aria-hidden />}>
              Choose a file
            </Button>
          )}
        </FileButton>
        <span className={classes.quiet}>{fileName ? <SafeText most={80}>{fileName}</SafeText> : text.fileHelp}</span>
      </div>
      <Textarea
        label="Or paste it"
        classNames={{ input: classes.json }}
        minRows={8}
        maxRows={18}
        spellCheck={false}
        value={content}
        onChange={(event) => {
          setContent(event.currentTarget.value)
          setFileName('')
        }}
      />
      {problem && (
        <p className={classes.problem} role="alert">
          <CircleX size={15} aria-hidden /> <SafeText most={300}>{problem}</SafeText>
        </p>
      )}
      {read?.file && <Checked key={`${read.kind} ${rested.length} ${fileName}`} {...props} read={read} />}
    </div>
  )
}
