import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'

const DIST = resolve(import.meta.dirname, '../dist')
const KB = 1000
const SMALLEST = 1024

interface Chunk {
  file: string
  css?: string[]
  imports?: string[]
  isEntry?: boolean
  src?: string
}

const manifest = existsSync(join(DIST, '.vite/manifest.json'))
  ? (JSON.parse(readFileSync(join(DIST, '.vite/manifest.json'), 'utf8')) as Record<string, Chunk>)
  : {}

const size = (file: string) => gzipSync(readFileSync(join(DIST, file)), { level: 9 }).length

/** The files that a browser loads before the page is there: the entry, the page's chunk, and what both import. */
function filesOf(...keys: string[]): Set<string> {
  const files = new Set<string>()
  const visit = (key: string) => {
    const chunk = manifest[key]
    if (!chunk || files.has(chunk.file)) return
    files.add(chunk.file)
    chunk.css?.forEach((file) => files.add(file))
    chunk.imports?.forEach(visit)
  }
  keys.forEach(visit)
  return files
}

const total = (files: Set<string>) => [...files].reduce((sum, file) => sum + size(file), 0)

describe('the build', () => {
  it('is there', () => expect(Object.keys(manifest).length).toBeGreaterThan(10))

  it.each([
    ['features/executions/RunsPage.tsx', 240],
    ['features/executions/RunPage.tsx', 300],
    ['features/home/HomePage.tsx', 240],
    ['features/workflows/WorkflowsPage.tsx', 300],
    ['features/workflows/editor/EditorPage.tsx', 300],
  ])('loads %s with at most %d kB', (page, most) => {
    const loaded = total(filesOf('index.html', `src/${page}`)) / KB
    expect(loaded).toBeGreaterThan(50)
    expect(loaded).toBeLessThanOrEqual(most)
  })

  it('has no chunk above 150 kB', () => {
    const large = Object.values(manifest)
      .map((chunk) => [chunk.file, Math.round(size(chunk.file) / KB)] as const)
      .filter(([, kilobytes]) => kilobytes > 150)
    expect(large).toEqual([])
  })

  it('is compressed beforehand, and has no source maps', () => {
    const files = readdirSync(join(DIST, 'assets'))
    expect(files.filter((file) => file.endsWith('.map'))).toEqual([])
    for (const file of filesOf('index.html')) {
      if (readFileSync(join(DIST, file)).length < SMALLEST) continue
      expect(files).toContain(`${file.replace('assets/', '')}.br`)
      expect(files).toContain(`${file.replace('assets/', '')}.gz`)
    }
  })

  it('has a place for the nonce, and no script or style of its own in the page', () => {
    const page = readFileSync(join(DIST, 'index.html'), 'utf8')
    expect(page).toContain('__CSP_NONCE__')
    expect(page).not.toMatch(/<style|style=|<script(?![^>]*src=)/)
  })
})
