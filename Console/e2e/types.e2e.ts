import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { platform } from '../build/platform.ts'

const ROOT = resolve(import.meta.dirname, '..')

it('the types of the API are those of the platform that runs here', async () => {
  const address = platform(ROOT)?.api ?? ''
  const folder = await mkdtemp(join(tmpdir(), 'workflows-types-'))
  try {
    const file = join(folder, 'schema.gen.ts')
    await promisify(execFile)(process.execPath, [join(ROOT, 'build/types.mjs'), address, file])
    const known = await readFile(join(ROOT, 'src/api/schema.gen.ts'), 'utf8')
    // Not compared by the runner: a difference of thousands of lines says no more than this.
    expect(known === (await readFile(file, 'utf8')), 'npm run types -- ADDRESS renews src/api/schema.gen.ts').toBe(true)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
