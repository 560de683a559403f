import { expect, it } from 'vitest'
import { piecesOf, slugOf } from './sections'

it('takes headings, pages, tables and code apart', () => {
  const pieces = piecesOf(
    [
      'Intro\n\n# One ##\n\n```\n# no heading\n| no row |\n```',
      '<!-- page 3 -->\n| a | b |\n| --- | --- |\n| x\\|y | 2 |\nend',
    ].join('\n'),
  )
  expect(pieces).toEqual([
    { kind: 'markdown', text: 'Intro\n' },
    { kind: 'heading', level: 1, text: 'One', slug: 'one' },
    { kind: 'markdown', text: '\n```\n# no heading\n| no row |\n```' },
    { kind: 'page', page: 3 },
    {
      kind: 'table',
      rows: [
        ['a', 'b'],
        ['x|y', '2'],
      ],
      hasHead: true,
    },
    { kind: 'markdown', text: 'end' },
  ])
})

it('writes headings in addresses as the API does', () => {
  expect(slugOf('Größe & Maß')).toBe('größe-maß')
  expect(slugOf('  (1) What?! ')).toBe('1-what')
})

it('reads a hostile article in no time', () => {
  const started = performance.now()
  for (const part of ['#', '# ', '|', '`', '<!-- page ', 'a\\|', '```\n', '# #\t']) piecesOf(part.repeat(100_000))
  expect(performance.now() - started).toBeLessThan(5_000)
})
