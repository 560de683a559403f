import type { ParameterSpec } from './nodeTypes'

const TOKEN =
  /\/\*[\s\S]*?\*\/|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`|\$*[\p{L}_][\p{L}\p{N}_]*|\d+(?:\.\d+)?|\s+|[\s\S]/gu
const BEFORE_REGEX = new Set([
  '(',
  ',',
  '[',
  '{',
  ':',
  ';',
  '=',
  '~',
  '>',
  '<',
  '&',
  '?',
  '+',
  '-',
  '*',
  'and',
  'or',
  'in',
])
const REGEX = /^\/(?:\\.|\[(?:\\.|[^\]\\])*\]|[^/\\\n])+\/[im]*/

/** Cuts an expression into tokens, comments and texts in one piece each. */
export function tokensOf(text: string): string[] {
  const tokens: string[] = []
  let last = '('
  let at = 0
  while (at < text.length) {
    TOKEN.lastIndex = at
    let token = TOKEN.exec(text)?.[0] ?? text.charAt(at)
    if (token === '/' && BEFORE_REGEX.has(last)) token = REGEX.exec(text.slice(at))?.[0] ?? token
    tokens.push(token)
    if (token.trim() !== '' && !token.startsWith('/*')) last = token
    at += token.length
  }
  return tokens
}

const isQuoted = (token: string) => /^[`"']/.test(token)
const bare = (token: string) => (isQuoted(token) ? token.slice(1, -1) : token)
const isPlain = (id: string) => /^[\p{L}_][\p{L}\p{N}_]*$/u.test(id) && !['and', 'or', 'in'].includes(id)

/** The name of a step as an expression has to write it. */
export const stepName = (id: string) => (isPlain(id) ? id : `\`${id}\``)

/** An expression with other node ids: `steps.old.output` becomes `steps.new.output`, and texts stay as they are. */
export function renameInExpression(expression: string, names: ReadonlyMap<string, string>): string {
  const tokens = tokensOf(expression)
  const solid = tokens.flatMap((token, at) => (token.trim() === '' || token.startsWith('/*') ? [] : [at]))
  for (const [place, at] of solid.entries()) {
    if (bare(tokens[at] ?? '') !== 'steps' || /^["']/.test(tokens[at] ?? '')) continue
    if (place > 0 && tokens[solid[place - 1] ?? 0] === '.') continue
    const [dot, name] = [solid[place + 1], solid[place + 2]]
    if (dot === undefined || name === undefined || tokens[dot] !== '.') continue
    const next = names.get(bare(tokens[name] ?? ''))
    if (next !== undefined) tokens[name] = stepName(next)
  }
  return tokens.join('')
}

interface Part {
  text: string
  isExpression: boolean
}

/** A templated text in its parts: what stands in braces, and what stands around them. */
export function partsOf(template: string): Part[] {
  const parts: Part[] = []
  let at = 0
  while (at < template.length) {
    const open = template.indexOf('{{', at)
    if (open < 0) break
    let depth = 0
    let end = open + 2
    let isClosed = false
    for (const token of tokensOf(template.slice(end))) {
      if (token === '}' && depth === 0 && template[end + 1] === '}') {
        isClosed = true
        break
      }
      if (token === '{') depth++
      if (token === '}') depth--
      end += token.length
    }
    if (!isClosed) break
    parts.push({ text: template.slice(at, open + 2), isExpression: false })
    parts.push({ text: template.slice(open + 2, end), isExpression: true })
    at = end
  }
  parts.push({ text: template.slice(at), isExpression: false })
  return parts
}

export const hasExpression = (text: unknown) => typeof text === 'string' && text.includes('{{')

const renameInText = (text: string, names: ReadonlyMap<string, string>) =>
  hasExpression(text)
    ? partsOf(text)
        .map((part) => (part.isExpression ? renameInExpression(part.text, names) : part.text))
        .join('')
    : text

/** Any JSON with the expressions of its texts renamed; what does not change stays the same object. */
export function renameInTemplate<T>(value: T, names: ReadonlyMap<string, string>): T {
  if (typeof value === 'string') return renameInText(value, names) as T
  if (Array.isArray(value)) {
    const items = value.map((item: unknown) => renameInTemplate(item, names))
    return items.some((item, at) => item !== value[at]) ? (items as T) : value
  }
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([name, item]) => [name, renameInTemplate(item, names)] as const)
  const before = value as Record<string, unknown>
  return entries.some(([name, item]) => item !== before[name]) ? (Object.fromEntries(entries) as T) : value
}

/** The parameters of a node with other ids in their expressions. */
export function renameInParameters(
  parameters: Record<string, unknown>,
  specs: readonly ParameterSpec[],
  names: ReadonlyMap<string, string>,
): Record<string, unknown> {
  const renamed: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(parameters)) {
    const spec = specs.find((one) => one.name === name)
    if (spec?.kind === 'expression' && typeof value === 'string' && !hasExpression(value)) {
      renamed[name] = renameInExpression(value, names)
    } else if (spec?.kind === 'list' && spec.fields && Array.isArray(value)) {
      const fields = spec.fields
      renamed[name] = value.map((item: unknown) =>
        typeof item === 'object' && item !== null
          ? renameInParameters(item as Record<string, unknown>, fields, names)
          : item,
      )
    } else {
      renamed[name] = renameInTemplate(value, names)
    }
  }
  return renamed
}
