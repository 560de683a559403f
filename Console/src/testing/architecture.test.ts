// @vitest-environment node
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const SOURCE = resolve(import.meta.dirname, '..')
const LONGEST_FILE = 400
const LONGEST_LINE = 120

const files = (folder: string): string[] =>
  readdirSync(folder).flatMap((name) => {
    const path = join(folder, name)
    if (statSync(path).isDirectory()) return files(path)
    return /\.tsx?$/.test(name) && !name.endsWith('.gen.ts') ? [path] : []
  })

const sources = files(SOURCE).map((path) => ({ path: relative(SOURCE, path), text: readFileSync(path, 'utf8') }))
const roomOf = (path: string) =>
  path.startsWith('features/') ? path.split('/').slice(0, 2).join('/') : path.split('/')[0]

function importsOf({ path, text }: { path: string; text: string }): string[] {
  const folder = join(SOURCE, path, '..')
  return [...text.matchAll(/from '(\.[^']+)'|import\('(\.[^']+)'\)/g)].map((found) =>
    relative(SOURCE, resolve(folder, (found[1] ?? found[2]) as string)),
  )
}

describe('the rooms of the console', () => {
  it('are found', () => expect(sources.length).toBeGreaterThan(100))

  it('features use what is shared, and never each other', () => {
    const wrong = sources
      .filter(({ path }) => path.startsWith('features/'))
      .flatMap((source) =>
        importsOf(source)
          .filter((target) => target.startsWith('features/') && roomOf(target) !== roomOf(source.path))
          .map((target) => `${source.path} -> ${target}`),
      )
    expect(wrong).toEqual([])
  })

  it('what is shared knows no feature but the list of pages', () => {
    const wrong = sources
      .filter(
        ({ path }) => /^(api|app|ui|workers)\//.test(path) && path !== 'app/pages.ts' && path !== 'app/shell/Root.tsx',
      )
      .flatMap((source) =>
        importsOf(source)
          .filter((target) => target.startsWith('features/'))
          .map((target) => `${source.path} -> ${target}`),
      )
    expect(wrong).toEqual([])
  })

  it('no file and no line is too long', () => {
    const wrong = sources.flatMap(({ path, text }) => {
      const lines = text.split('\n')
      const long = lines.flatMap((line, index) => (line.length > LONGEST_LINE ? [`${path}:${index + 1}`] : []))
      return lines.length > LONGEST_FILE ? [...long, path] : long
    })
    expect(wrong).toEqual([])
  })

  it('no HTML is made of text', () => {
    const own = 'testing/architecture.test.ts'
    const wrong = sources.filter(
      ({ path, text }) => path !== own && /dangerouslySetInnerHTML|\.innerHTML|eval\(/.test(text),
    )
    expect(wrong.map(({ path }) => path)).toEqual([])
  })
})
