import { describe, expect, it } from 'vitest'
import { expressionAt, follow, membersOf, pathBefore } from './completion'
import type { Scope } from './scope'

const scope: Scope = {
  steps: [
    { id: 'fetch-it', name: 'Fetch it', type: 'http' },
    { id: 'old', name: 'old', type: 'http' },
  ],
  output: (id) => Promise.resolve(id === 'fetch-it' ? { body: { lines: [{ price: 2 }], 'a b': 1 } } : undefined),
  input: () => Promise.resolve({ order: { id: 7 } }),
  names: () => ['input', 'steps'],
  promised: () => ['status', 'headers'],
}
const labels = async (path: string[]) => (await follow(scope, path, scope.names(false))).map((one) => one.label)

describe('completion of expressions', () => {
  it.each([
    ['input.order.', ['input', 'order'], ''],
    ['$sum(steps.`fetch-it`.output.bo', ['steps', 'fetch-it', 'output'], 'bo'],
    ['steps.a.output[0].lines[price > 1].', ['steps', 'a', 'output', 'lines'], ''],
    ['"input.order." & in', [], 'in'],
    ['$.', [], ''],
    ['$su', [], '$su'],
  ])('reads the path of %s', (text, path, prefix) => expect(pathBefore(text)).toEqual({ path, prefix }))

  it('goes by the data of the test, and else by what the node type promises', async () => {
    expect(await labels([])).toEqual(['input', 'steps'])
    expect(await labels(['steps'])).toEqual(['fetch-it', 'old'])
    expect(await labels(['steps', 'fetch-it'])).toEqual(['output', 'port', 'status'])
    expect(await labels(['steps', 'fetch-it', 'output'])).toEqual(['body'])
    expect(await labels(['steps', 'fetch-it', 'output', 'body', 'lines'])).toEqual(['price'])
    expect(await labels(['steps', 'old', 'output'])).toEqual(['status', 'headers'])
    expect(await labels(['input', 'order'])).toEqual(['id'])
    expect(await labels(['vars'])).toEqual([])
  })

  it('quotes names that are no names', () => {
    expect(membersOf({ 'a b': 1, c: 2 }).map((one) => one.apply)).toEqual(['`a b`', 'c'])
  })

  it('begins within braces only, also before they are closed', () => {
    const text = 'Order {{ input.id }} of {{ steps.'
    expect(expressionAt(text, 12, true)).toEqual({ text: ' input.id ', start: 8 })
    expect(expressionAt(text, text.length, true)).toEqual({ text: ' steps.', start: 26 })
    expect(expressionAt(text, 3, true)).toBeNull()
    expect(expressionAt(text, 22, true)).toBeNull()
    expect(expressionAt('input.', 6, false)).toEqual({ text: 'input.', start: 0 })
  })
})
