import type { Completion, CompletionContext, CompletionResult, CompletionSource } from '@codemirror/autocomplete'
import { partsOf, stepName, tokensOf } from '../model/references'
import type { Scope } from './scope'

export interface JsonataFunction {
  name: string
  signature: string
  summary: string
}

/** The expression around a place in a template, or null outside of the braces. */
export function expressionAt(text: string, at: number, isTemplate: boolean): { text: string; start: number } | null {
  if (!isTemplate) return { text, start: 0 }
  let start = 0
  for (const part of partsOf(text)) {
    const end = start + part.text.length
    if (part.isExpression && at >= start && at <= end) return { text: part.text, start }
    start = end
  }
  // While it is typed, the braces are not closed yet.
  const open = text.lastIndexOf('{{', at)
  return open >= 0 && !text.slice(open, at).includes('}}') ? { text: text.slice(open + 2), start: open + 2 } : null
}

const bare = (token: string) => (/^`/.test(token) ? token.slice(1, -1) : token)

/** The path that ends where the cursor is: `steps.pay.output.` and the beginning of the next member. */
export function pathBefore(text: string): { path: string[]; prefix: string } {
  const tokens = tokensOf(text)
  const path: string[] = []
  let at = tokens.length - 1
  const isName = (token: string | undefined) =>
    token !== undefined && /^(\$?[\p{L}_][\p{L}\p{N}_]*|`[^`]*`?|\$)$/u.test(token)
  const prefix = isName(tokens[at]) ? (tokens[at--] ?? '') : ''
  while (tokens[at] === '.') {
    at--
    // `[0]` and filters are passed over: members of an item are those of the list.
    if (tokens[at] === ']') {
      let depth = 0
      do {
        if (tokens[at] === ']') depth++
        if (tokens[at] === '[') depth--
        at--
      } while (at >= 0 && depth > 0)
    }
    if (!isName(tokens[at])) break
    path.unshift(bare(tokens[at] ?? ''))
    at--
  }
  return { path: path[0] === '$' ? path.slice(1) : path, prefix }
}

const kindOf = (value: unknown) =>
  Array.isArray(value)
    ? `list of ${value.length}`
    : value === null
      ? 'null'
      : typeof value === 'object'
        ? 'object'
        : JSON.stringify(value)?.slice(0, 40)

export function membersOf(value: unknown): Completion[] {
  const first: unknown = Array.isArray(value) ? value.find((item) => typeof item === 'object' && item !== null) : value
  if (typeof first !== 'object' || first === null) return []
  return Object.entries(first)
    .slice(0, 500)
    .map(([name, item]) => ({
      label: name,
      apply: stepName(name),
      detail: kindOf(item),
      type: 'property',
      boost: 10,
    }))
}

const at = (value: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>((found, name) => {
    const one: unknown = Array.isArray(found) ? found.find((item) => typeof item === 'object' && item !== null) : found
    return typeof one === 'object' && one !== null ? (one as Record<string, unknown>)[name] : undefined
  }, value)

const word = (label: string, detail?: string): Completion => ({
  label,
  apply: stepName(label),
  detail,
  type: 'variable',
  boost: 20,
})

/** What may follow a path, by the data of the last test, the pins, and what node types promise. */
export async function follow(scope: Scope, path: readonly string[], names: string[]): Promise<Completion[]> {
  const [first, step, member, ...rest] = path
  if (first === undefined) return names.map((name) => word(name))
  if (first === 'steps') {
    if (step === undefined) return scope.steps.map(({ id, name }) => word(id, name === id ? undefined : name))
    if (member === undefined) return ['output', 'port', 'status'].map((name) => word(name))
    if (member !== 'output') return []
    const found = membersOf(at(await scope.output(step), rest))
    if (found.length > 0 || rest.length > 0) return found
    return scope
      .promised(scope.steps.find((one) => one.id === step)?.type ?? '')
      .map((name) => word(name, 'by the node type'))
  }
  if (first === 'input') return membersOf(at(await scope.input(), path.slice(1)))
  return []
}

export function completionOf(
  scope: () => Scope,
  functions: () => JsonataFunction[],
  isTemplate: boolean,
  secrets: boolean,
): CompletionSource {
  return async (context: CompletionContext): Promise<CompletionResult | null> => {
    const expression = expressionAt(context.state.doc.toString(), context.pos, isTemplate)
    if (!expression) return null
    const before = expression.text.slice(0, context.pos - expression.start)
    const { path, prefix } = pathBefore(before)
    if (!context.explicit && path.length === 0 && prefix === '' && !/[({[,\s]$|^$/.test(before)) return null
    // `$.` and a `$` at the beginning stand for all that is in scope.
    const isRoot = path.length === 0
    const options = await follow(scope(), path, scope().names(secrets))
    if (isRoot && prefix.startsWith('$')) {
      options.push(
        ...functions().map(({ name, signature, summary }) => ({
          label: name,
          detail: signature,
          info: summary,
          type: 'function',
        })),
      )
    }
    if (isRoot && prefix === '' && !context.explicit && before.trim() !== '' && !before.endsWith('.')) return null
    return { from: context.pos - prefix.length, options, validFor: /^[$\p{L}\p{N}_`-]*$/u }
  }
}
