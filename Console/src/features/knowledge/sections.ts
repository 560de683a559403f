/** A piece of an article: a heading, a page mark, a table, or Markdown. */
export type Piece =
  | { kind: 'heading'; level: number; text: string; slug: string }
  | { kind: 'page'; page: number }
  | { kind: 'table'; rows: string[][]; hasHead: boolean }
  | { kind: 'markdown'; text: string }

const HEADING = /^ {0,3}(#{1,6})[ \t]+(.*)$/
const PAGE = /^<!-- page (\d{1,6}) -->\s*$/
const FENCE = /^\s*(```|~~~)/
const RULE = /^[|:\- \t]+$/

/** A heading as part of an address, as the API writes the links of passages. */
export function slugOf(heading: string): string {
  return heading
    .replaceAll(/[^\p{L}\p{Nd}]+/gu, '-')
    .replaceAll(/^-|-$/g, '')
    .toLowerCase()
}

function cellsOf(row: string): string[] {
  const inner = row.trim().replace(/^\|/, '').replace(/\|$/, '')
  return inner.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|'))
}

function tableOf(lines: string[]): Piece {
  const hasHead = RULE.test(lines[1] ?? '')
  const rows = lines.filter((_, at) => !(hasHead && at === 1)).map(cellsOf)
  return { kind: 'table', rows, hasHead }
}

function trimEnd(text: string): string {
  let end = text.length
  while (end > 0 && (text[end - 1] === '#' || text[end - 1] === ' ' || text[end - 1] === '\t')) end--
  return text.slice(0, end)
}

/** Takes an article apart, so that headings can be led to and tables be shown; each line is read once. */
export function piecesOf(markdown: string): Piece[] {
  const pieces: Piece[] = []
  let lines: string[] = []
  let isTable = false
  let fence: string | null = null
  const end = () => {
    const isBlank = lines.every((line) => line.trim() === '')
    if (!isBlank) pieces.push(isTable ? tableOf(lines) : { kind: 'markdown', text: lines.join('\n') })
    lines = []
    isTable = false
  }
  for (const line of markdown.split(/\r?\n/)) {
    const mark = FENCE.exec(line)?.[1]
    if (fence || mark) {
      if (isTable) end()
      lines.push(line)
      if (fence === null) fence = mark ?? null
      else if (line.trim() === fence) fence = null
      continue
    }
    const heading = HEADING.exec(line)
    const page = PAGE.exec(line)
    if (heading) {
      end()
      const text = trimEnd(heading[2] ?? '')
      pieces.push({ kind: 'heading', level: (heading[1] ?? '').length, text, slug: slugOf(text) })
    } else if (page) {
      end()
      pieces.push({ kind: 'page', page: Number(page[1]) })
    } else {
      const isRow = line.trimStart().startsWith('|')
      if (isRow !== isTable) end()
      isTable = isRow
      lines.push(line)
    }
  }
  end()
  return pieces
}
