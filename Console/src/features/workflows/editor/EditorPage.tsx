import { Button, Group } from '@mantine/core'
import { useParams } from '@tanstack/react-router'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { type ApiError, get, send } from '../../../api/client'
import { toApiError } from '../../../api/errors'
import { queryClient } from '../../../api/queries'
import type { NodeDefinitionView, ObjectPermissionsView, WorkflowView } from '../../../api/schema.gen'
import { useSession } from '../../../api/session'
import { useParamsOfUrl } from '../../../app/links'
import { useMay } from '../../../app/permissions'
import { Waiting } from '../../../ui/EmptyState'
import { ErrorBox } from '../../../ui/ErrorBox'
import { Page, Panel } from '../../../ui/Page'
import { TimeText } from '../../../ui/TimeText'
import { ChangeList } from './ChangeList'
import { type Beginning, Editor, placesFor } from './Editor'
import { classes } from './classes'
import { type DeviceCopy, dropCopy, dropOthers, readCopy } from './model/copies'
import { type Definition, isSame, whyNotDrawn } from './model/definition'
import { customType, type NodeType, type NodeTypes } from './model/nodeTypes'
import { offeredQuery } from './offered'
import { text } from './text'

interface WorkingCopy {
  baseVersion: number
  version: number
  updatedAt: string
  definition: unknown
}

/** A copy of what was edited last, that is no version yet. */
interface Found {
  where: 'on this device' | 'on the server'
  at: string
  definition: Definition
  base: Definition
  baseVersion: number
  draftVersion: number
}

interface Opened {
  workflow: WorkflowView
  types: NodeTypes
  copies: Found[]
  serverTag: number | null
  readOnlyBecause: string | null
}

async function readTypes(): Promise<NodeTypes> {
  const [types, own] = await Promise.all([
    get<NodeType[]>('/node-types'),
    get<NodeDefinitionView[]>('/node-definitions', { per_page: 100 }),
  ])
  const custom = own.map((one) => customType(one as unknown as Parameters<typeof customType>[0]))
  return new Map([...types, ...custom].map((type) => [type.name, type]))
}

async function readWorkingCopy(id: string): Promise<WorkingCopy | null> {
  try {
    return (await send<WorkingCopy>('GET', `/workflows/${id}/working-copy`)).data
  } catch (error) {
    if (toApiError(error).status === 404) return null
    throw error
  }
}

function fromDevice(copy: DeviceCopy): Found {
  return { where: 'on this device', at: copy.savedAt, ...copy }
}

async function fromServer(id: string, copy: WorkingCopy, workflow: WorkflowView): Promise<Found | null> {
  if (whyNotDrawn(copy.definition) !== null) return null
  const isCurrent = copy.baseVersion === workflow.draftVersion
  const base = isCurrent
    ? (workflow.definition as Definition)
    : ((await get<{ definition: unknown }>(`/workflows/${id}/versions/${copy.baseVersion}`)).definition as Definition)
  return {
    where: 'on the server',
    at: copy.updatedAt,
    definition: copy.definition as Definition,
    base,
    // An ETag of before: saving meets the newer version, and both are put together.
    baseVersion: isCurrent ? workflow.version : 0,
    draftVersion: copy.baseVersion,
  }
}

async function open(id: string, user: string, hasPermission: boolean): Promise<Opened> {
  const [workflow, types, functions, rights] = await Promise.all([
    get<WorkflowView>(`/workflows/${id}`),
    readTypes(),
    queryClient.fetchQuery(offeredQuery),
    get<ObjectPermissionsView>(`/workflows/${id}/permissions`),
  ])
  const readOnlyBecause = !hasPermission ? text.readOnly : rights.level === 'view' ? text.onlyView : null
  if (readOnlyBecause !== null) return { workflow, types, copies: [], serverTag: null, readOnlyBecause }
  await dropOthers(user)
  const [device, server] = await Promise.all([readCopy(user, id), functions ? readWorkingCopy(id) : null])
  const saved = workflow.definition as Definition
  const found = [device && fromDevice(device), server && (await fromServer(id, server, workflow))]
  const copies = found.filter((copy): copy is Found => copy !== null && !isSame(copy.definition, saved))
  const isTwice = copies.length === 2 && isSame(copies[0]?.definition, copies[1]?.definition)
  const serverTag = server?.version ?? null
  return { workflow, types, copies: isTwice ? copies.slice(0, 1) : copies, serverTag, readOnlyBecause }
}

function Choice({ opened, take }: { opened: Opened; take: (copy: Found | null) => void }) {
  const saved = opened.workflow.definition as Definition
  return (
    <Page
      title={`Changes to ${opened.workflow.name} that are no version yet`}
      crumbs={[{ label: 'Workflows', href: '/workflows' }]}
    >
      {opened.copies.map((copy) => (
        <Panel
          key={copy.where}
          title={
            <>
              Kept {copy.where}, <TimeText at={copy.at} />
            </>
          }
          actions={<Button onClick={() => take(copy)}>Go on with these</Button>}
        >
          <ChangeList before={saved} after={copy.definition} />
        </Panel>
      ))}
      <Group mt="md">
        <Button variant="default" onClick={() => take(null)}>
          Begin from version {opened.workflow.draftVersion}
        </Button>
        <span className={classes.quiet}>The copy on this device is then thrown away.</span>
      </Group>
    </Page>
  )
}

function beginningOf(opened: Opened, copy: Found | null, laidOut: Beginning['laidOut']): Beginning {
  const { workflow, types, serverTag, readOnlyBecause } = opened
  const saved = workflow.definition as Definition
  return {
    workflow,
    types,
    readOnlyBecause,
    start: copy?.definition ?? saved,
    laidOut,
    saving: {
      base: copy?.base ?? saved,
      baseVersion: copy?.baseVersion ?? workflow.version,
      draftVersion: copy?.draftVersion ?? workflow.draftVersion,
      publishedVersion: workflow.publishedVersion,
      serverTag,
    },
  }
}

export default function EditorPage() {
  const { workflowId: id } = useParams({ strict: false }) as { workflowId: string }
  const { me } = useSession()
  const hasPermission = useMay()('workflows.write')
  const user = me?.id ?? ''
  const [params, change] = useParamsOfUrl()
  // What a template was made as: the question which copy to go on with has been answered already.
  const wanted = useRef(params.copy)
  const [beginning, setBeginning] = useState<Beginning | null>(null)
  useEffect(() => {
    if (beginning && wanted.current) change({ copy: null })
  }, [beginning, change])
  const [failure, setFailure] = useState<unknown>(null)
  const begin = async (opened: Opened, copy: Found | null) => {
    try {
      if (copy === null && opened.copies.length > 0) await dropCopy(user, id)
      const laidOut = await placesFor(copy?.definition ?? (opened.workflow.definition as Definition), opened.types)
      setBeginning(beginningOf(opened, copy, laidOut))
    } catch (error) {
      setFailure(error)
    }
  }
  const found = useQuery<Opened, ApiError>({
    queryKey: ['editor', id, user],
    queryFn: async () => {
      const opened = await open(id, user, hasPermission)
      const asked = wanted.current === 'server' ? opened.copies.find((copy) => copy.where === 'on the server') : null
      if (asked || opened.copies.length === 0) await begin(opened, asked ?? null)
      return opened
    },
    gcTime: 0,
    staleTime: Infinity,
    refetchOnWindowFocus: false,
  })
  const error = failure ?? found.error
  if (error) {
    return (
      <Page title="The editor cannot be opened" crumbs={[{ label: 'Workflows', href: '/workflows' }]}>
        <ErrorBox error={error} retry={() => void found.refetch()} />
      </Page>
    )
  }
  if (beginning?.workflow.id === id) return <Editor key={id} beginning={beginning} />
  if (!found.data || found.data.copies.length === 0) return <Waiting />
  return <Choice opened={found.data} take={(copy) => void begin(found.data, copy)} />
}
