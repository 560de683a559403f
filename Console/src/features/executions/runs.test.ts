import { describe, expect, it } from 'vitest'
import type { ExecutionView, NodeSummary, StepItem } from '../../api/schema.gen'
import { bulkFilter } from './BulkBar'
import { controlsFor } from './control'
import { marksOf } from './marks'
import { runQuery } from './runQuery'
import { rowsOf } from './TimelineTab'

const NOW = Date.parse('2026-11-29T12:00:30Z')

const node = (nodeId: string, some: Partial<NodeSummary>): NodeSummary => ({
  nodeId,
  nodeType: 'set',
  completed: 0,
  failed: 0,
  cancelled: 0,
  retries: 0,
  waiting: 0,
  firstAt: '2026-11-29T12:00:00Z',
  lastAt: '2026-11-29T12:00:01Z',
  p50Ms: 5,
  maxMs: 9,
  ...some,
})

const step = (nodeId: string, some: Partial<StepItem>): StepItem => ({
  nodeId,
  nodeType: 'set',
  iteration: '',
  attempt: 1,
  run: 1,
  sequence: 1,
  status: 'completed',
  port: 'main',
  outputBytes: 4,
  errorBytes: null,
  rowsProcessed: null,
  startedAt: '2026-11-29T12:00:00Z',
  finishedAt: '2026-11-29T12:00:01Z',
  durationMs: 1000,
  origin: null,
  ...some,
})

const run = {
  queuedAt: '2026-11-29T12:00:00Z',
  startedAt: '2026-11-29T12:00:00Z',
  finishedAt: null,
  error: null,
} as ExecutionView

describe('the filter of runs', () => {
  it('in the address is the query of the API, with moments to the minute', () => {
    expect(runQuery({ status: 'failed', from: '24h', tab: 'x', node: '' }, NOW, 'UTC')).toEqual({
      status: 'failed',
      from: '2026-11-28T12:00:00.000Z',
    })
  })

  it('is that of a bulk act where the API knows it, and is refused with a reason where not', () => {
    expect(bulkFilter({ status: 'failed', error_code: 'X' })).toEqual({ filter: { status: 'failed', errorCode: 'X' } })
    expect(bulkFilter({})).toHaveProperty('because')
    expect(bulkFilter({ tag: 'a' })).toHaveProperty('because')
    expect(bulkFilter({ constructor: 'a' })).toHaveProperty('because')
    expect(bulkFilter({ status: 'failed,timed_out' })).toHaveProperty('because')
  })
})

describe('what can be done to a run', () => {
  it.each([
    ['running', false, ['pause', 'cancel']],
    ['paused', false, ['resume', 'cancel']],
    ['completed', false, []],
    ['failed', false, ['retry', 'mark-resolved']],
    ['timed_out', true, ['retry', 'mark-unresolved']],
  ])('%s', (status, isResolved, expected) => expect(controlsFor(status, isResolved)).toEqual(expected))
})

describe('the views of a run', () => {
  it('mark each node by what it came to', () => {
    const marks = marksOf(
      [
        node('a', { completed: 1 }),
        node('b', { waiting: 1 }),
        node('c', { completed: 9, failed: 2 }),
        node('d', { failed: 1 }),
      ],
      { ...run, error: { node: 'd' }, finishedAt: '2026-11-29T12:00:09Z' } as ExecutionView,
    )
    expect(Object.values(marks).map((mark) => mark.status)).toEqual(['completed', 'waiting', 'completed', 'failed'])
    expect(marks.c?.note).toBe('9 of 11 ok · 2 failed · max 9 ms')
  })

  it('draw one row for a loop of many rounds, and one for each attempt of few', () => {
    const nodes = [node('loop', { completed: 100_000, failed: 3 }), node('few', { completed: 1, failed: 1 })]
    const steps = [step('few', { attempt: 1, status: 'failed' }), step('few', { attempt: 2 })]
    expect(rowsOf(nodes, steps, run, NOW, false).map((row) => [row.node, row.status])).toEqual([
      ['loop', 'failed'],
      ['few', 'failed'],
      ['few', 'completed'],
    ])
    expect(rowsOf(nodes, steps, run, NOW, true)).toHaveLength(2)
  })

  it('draw what waits until now', () => {
    const [row] = rowsOf([node('ask', { waiting: 1 })], [], run, NOW, false)
    expect(row).toMatchObject({ status: 'waiting', to: NOW, note: 'waits for 30.0 s' })
  })
})
