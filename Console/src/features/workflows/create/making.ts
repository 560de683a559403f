import { send } from '../../../api/client'
import { ApiError } from '../../../api/errors'
import type {
  ErrorDetail,
  ExportFile,
  FolderView,
  ImportView,
  JobView,
  WorkflowView,
  WorkspaceView,
} from '../../../api/schema.gen'

/** Where what is made comes to lie. */
export interface Place {
  workspace: string
  folder: string
  job: string
  path: string
}

export const EMPTY_DEFINITION = {
  schema: 1,
  nodes: [{ id: 'start', type: 'set', name: 'Start', parameters: { value: {} } }],
  edges: [],
}

const EVERY = { query: { per_page: 100 } }
const FORMAT = 'workflows.export'

/** The job that was asked for, or else the first one there is. Null where the caller sees none. */
export async function findPlace(wanted: string | null): Promise<Place | null> {
  const { data: workspaces } = await send<WorkspaceView[]>('GET', '/workspaces', EVERY)
  for (const workspace of workspaces) {
    const { data: folders } = await send<FolderView[]>('GET', `/workspaces/${workspace.id}/folders`, EVERY)
    for (const folder of folders) {
      const { data: jobs } = await send<JobView[]>('GET', `/folders/${folder.id}/jobs`, EVERY)
      const job = wanted === null ? jobs[0] : jobs.find((one) => one.id === wanted)
      if (!job) continue
      const path = [workspace.name, folder.name, job.name].join(' / ')
      return { workspace: workspace.id, folder: folder.id, job: job.id, path }
    }
  }
  return wanted === null ? null : findPlace(null)
}

/** A definition as a file that the import takes. */
export const fileOf = (name: string, definition: unknown, tags: string[] = [], description = ''): ExportFile =>
  ({
    format: FORMAT,
    schema: 1,
    type: 'workflow',
    workflows: [{ job: [], name, definition, tags, description }],
  }) as unknown as ExportFile

/** What a file is read as: a definition or an export, or why it is neither. */
export interface ReadFile {
  file: ExportFile | null
  /** What stands before the pointers of the server, that the file itself does not have. */
  prefix: string
  name: string
  kind: string
  problem: string | null
}

const nothing = (problem: string): ReadFile => ({ file: null, prefix: '', name: '', kind: '', problem })

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const nameOf = (file: string) =>
  file
    .replace(/\.(workflow\.)?json$/i, '')
    .replace(/[-_]+/g, ' ')
    .trim()

/** Reads a file: the definition of a workflow, or what an export has written. */
export function readFile(text: string, fileName: string): ReadFile {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    return nothing(`It is no JSON: ${(error as Error).message}`)
  }
  if (!isObject(json)) return nothing('A definition and an export are JSON objects.')
  if (json.format === FORMAT) {
    const first = (json.workflows as { name?: string }[] | undefined)?.[0]?.name
    const name = json.type === 'workflow' ? (first ?? '') : ''
    return { file: json as unknown as ExportFile, prefix: '', name, kind: String(json.type), problem: null }
  }
  if (!Array.isArray(json.nodes))
    return nothing('It has neither nodes, as a definition has, nor the form of an export.')
  const name = typeof json.name === 'string' && json.name ? json.name : nameOf(fileName) || 'Imported workflow'
  const file = fileOf(name, json, [], typeof json.description === 'string' ? json.description : '')
  return { file, prefix: '/workflows/0/definition', name, kind: 'definition', problem: null }
}

/** Where the import of a file of this kind is asked for. */
function targetOf(file: ExportFile, place: Place): string {
  if (file.type === 'job') return `/folders/${place.folder}/import`
  return file.type === 'folder' ? `/workspaces/${place.workspace}/import` : `/jobs/${place.job}/import`
}

const pointed = (details: ErrorDetail[], prefix: string): ErrorDetail[] =>
  details.map((one) => ({
    ...one,
    pointer: prefix && one.pointer.startsWith(prefix) ? one.pointer.slice(prefix.length) || '/' : one.pointer,
  }))

/** What the server says of the file, before anything is made; the pointers are those of the file. */
export async function checkFile(read: ReadFile, place: Place, name: string): Promise<ImportView> {
  const file = read.file as ExportFile
  const query = { check: true, ...(name ? { name } : {}) }
  try {
    const { data } = await send<ImportView>('POST', targetOf(file, place), { query, body: file })
    return { ...data, problems: pointed(data.problems, read.prefix) }
  } catch (error) {
    // The form of the file is refused as a whole: what is wrong with it is shown in the same list.
    if (!(error instanceof ApiError) || error.details.length === 0) throw error
    const problems = pointed(error.details, read.prefix)
    return { id: null, canImport: false, folders: 0, jobs: 0, workflows: 0, missing: [], problems }
  }
}

export async function makeOfFile(read: ReadFile, place: Place, name: string): Promise<ImportView> {
  const file = read.file as ExportFile
  const query = name ? { name } : {}
  return (await send<ImportView>('POST', targetOf(file, place), { query, body: file })).data
}

/** Connectors that the definition names and that are not there: the only thing that a template can lack. */
export const isOnlyMissing = (problems: ErrorDetail[]) =>
  problems.length > 0 && problems.every((one) => one.code === 'CONNECTOR_UNKNOWN')

interface Made {
  name: string
  definition: unknown
  tags: string[]
  pins: unknown
  place: Place
  /** What would be refused as a version is kept as the caller's working copy, which the editor opens with. */
  asCopy: boolean
}

/** Makes a workflow of a template; the answers of its example are what its first tests go by. */
export async function makeOfTemplate({ name, definition, tags, pins, place, asCopy }: Made): Promise<string> {
  const body = { name, tags, jobId: place.job, definition: asCopy ? { ...EMPTY_DEFINITION, name } : definition }
  const { data } = await send<WorkflowView>('POST', '/workflows', { body })
  if (asCopy) {
    await send('PUT', `/workflows/${data.id}/working-copy`, {
      body: { definition, baseVersion: data.draftVersion },
    })
  }
  await send('PUT', `/workflows/${data.id}/pins`, { body: { pins }, ifMatch: '*' })
  return data.id
}
