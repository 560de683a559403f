// @vitest-environment node
import { describe, expect, it } from 'vitest'
import { bytesText, csvCell, safeHref, safeText } from './safe'

describe('what others wrote', () => {
  it('shows characters that hide or turn around others', () => {
    expect(safeText('a\u202Egnp.exe')).toBe('a⟨U+202E⟩gnp.exe')
    expect(safeText('nul\u0000l\u200B')).toBe('nul⟨U+0000⟩l⟨U+200B⟩')
    expect(safeText('zwei\nZeilen\tund ümläuts 漢字')).toBe('zwei\nZeilen\tund ümläuts 漢字')
  })

  it.each([
    ['https://example.com/a', 'https://example.com/a'],
    ['mailto:ana@example.com', 'mailto:ana@example.com'],
    ['/executions/1', '/executions/1'],
    ['javascript:alert(1)', null],
    [' JavaScript:alert(1)', null],
    ['data:text/html,x', null],
    ['//evil.example', null],
    ['/\\evil.example', null],
    ['', null],
  ])('makes of %s the link %s', (address, expected) => expect(safeHref(address)).toBe(expected))

  it('is no formula in a spreadsheet', () => {
    expect(csvCell('=1+1')).toBe('"\'=1+1"')
    expect(csvCell('@SUM')).toBe('"\'@SUM"')
    expect(csvCell('say "hi"')).toBe('"say ""hi"""')
    expect(csvCell(null)).toBe('""')
    expect(csvCell({ a: 1 })).toBe('"{""a"":1}"')
  })

  it('has its size in words', () => {
    expect(bytesText(0)).toBe('0 B')
    expect(bytesText(812_034)).toBe('812 KB')
    expect(bytesText(1_048_576)).toBe('1.0 MB')
  })
})
