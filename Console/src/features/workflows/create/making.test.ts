import { afterEach, describe, expect, it, vi } from 'vitest'
import * as client from '../../../api/client'
import { ApiError } from '../../../api/errors'
import { checkFile, findPlace, isOnlyMissing, makeOfTemplate, type Place, readFile } from './making'

const PLACE: Place = { workspace: 'w', folder: 'f', job: 'j', path: 'W / F / J' }
const answer = (data: unknown) => ({ data, meta: {} as never, status: 200, etag: null })

afterEach(() => vi.restoreAllMocks())

describe('a file that a workflow is made of', () => {
  it('is a definition, by its own name or that of the file', () => {
    const read = readFile('{"schema": 1, "name": "Greet", "nodes": []}', 'x.json')
    expect(read).toMatchObject({ name: 'Greet', kind: 'definition', problem: null, prefix: '/workflows/0/definition' })
    expect(read.file).toMatchObject({ format: 'workflows.export', type: 'workflow' })
    expect(readFile('{"nodes": []}', 'order-intake.workflow.json').name).toBe('order intake')
    expect(readFile('{"nodes": []}', '').name).toBe('Imported workflow')
  })

  it('is an export as it stands', () => {
    const file = { format: 'workflows.export', schema: 1, type: 'job', jobs: [{ name: 'a' }], workflows: [] }
    expect(readFile(JSON.stringify(file), 'a.json')).toEqual({ file, prefix: '', name: '', kind: 'job', problem: null })
  })

  it('is refused in words when it is neither', () => {
    expect(readFile('{"nodes": [', '').problem).toContain('no JSON')
    expect(readFile('[1]', '').problem).toContain('objects')
    expect(readFile('{"nodes": 5}', '').problem).toContain('neither')
  })

  it('has its problems at the pointers of the file itself', async () => {
    const problem = { pointer: '/workflows/0/definition/nodes/0/type', code: 'NODE_TYPE_UNKNOWN', message: 'No.' }
    const view = { id: null, canImport: false, folders: 0, jobs: 0, workflows: 1, missing: [], problems: [problem] }
    const send = vi.spyOn(client, 'send').mockResolvedValue(answer(view))
    const found = await checkFile(readFile('{"nodes": []}', ''), PLACE, 'N')
    expect(found.problems[0]?.pointer).toBe('/nodes/0/type')
    expect(send.mock.calls[0]?.slice(0, 2)).toEqual(['POST', '/jobs/j/import'])
    expect(send.mock.calls[0]?.[2]?.query).toEqual({ check: true, name: 'N' })
  })

  it('goes where its kind is made, and its form is refused in the same list', async () => {
    const details = [{ pointer: '/jobs/0/name', code: 'EMPTY', message: "'jobs/0/name' must not be empty." }]
    const refusal = new ApiError({ status: 400, code: 'VALIDATION_FAILED', message: 'No.', details })
    const send = vi.spyOn(client, 'send').mockRejectedValue(refusal)
    const read = readFile('{"format": "workflows.export", "type": "job"}', '')
    expect(await checkFile(read, PLACE, '')).toMatchObject({ canImport: false, problems: details })
    expect(send.mock.calls[0]?.[1]).toBe('/folders/f/import')
    const folder = readFile('{"format": "workflows.export", "type": "folder"}', '')
    await checkFile(folder, PLACE, '')
    expect(send.mock.calls[1]?.[1]).toBe('/workspaces/w/import')
  })
})

describe('a template', () => {
  it('is made as a version, or as a working copy where a connector is missing', async () => {
    const made = { name: 'N', definition: { nodes: [1] }, tags: [], pins: { a: 1 }, place: PLACE }
    const send = vi.spyOn(client, 'send').mockResolvedValue(answer({ id: 'w1', draftVersion: 1 }))
    expect(await makeOfTemplate({ ...made, asCopy: false })).toBe('w1')
    expect(send.mock.calls.map(([method, path]) => `${method} ${path}`)).toEqual([
      'POST /workflows',
      'PUT /workflows/w1/pins',
    ])
    send.mockClear()
    await makeOfTemplate({ ...made, asCopy: true })
    expect(send.mock.calls.map(([method, path]) => `${method} ${path}`)).toEqual([
      'POST /workflows',
      'PUT /workflows/w1/working-copy',
      'PUT /workflows/w1/pins',
    ])
    expect(send.mock.calls[1]?.[2]?.body).toEqual({ definition: { nodes: [1] }, baseVersion: 1 })
  })

  it('lacks nothing but connectors, or is refused', () => {
    const problem = (code: string) => ({ pointer: '', code, message: '' })
    expect(isOnlyMissing([problem('CONNECTOR_UNKNOWN')])).toBe(true)
    expect(isOnlyMissing([problem('CONNECTOR_UNKNOWN'), problem('NAME_TAKEN')])).toBe(false)
    expect(isOnlyMissing([])).toBe(false)
  })

  it('is made in the job that was asked for, or in the first one', async () => {
    const lists: Record<string, unknown[]> = {
      '/workspaces': [{ id: 'w', name: 'W' }],
      '/workspaces/w/folders': [
        { id: 'e', name: 'Empty' },
        { id: 'f', name: 'F' },
      ],
      '/folders/e/jobs': [],
      '/folders/f/jobs': [
        { id: 'j', name: 'J' },
        { id: 'k', name: 'K' },
      ],
    }
    vi.spyOn(client, 'send').mockImplementation((_, path) => Promise.resolve(answer(lists[path]) as never))
    expect((await findPlace(null))?.path).toBe('W / F / J')
    expect((await findPlace('k'))?.path).toBe('W / F / K')
    expect((await findPlace('gone'))?.job).toBe('j')
    lists['/workspaces'] = []
    expect(await findPlace(null)).toBeNull()
  })
})
