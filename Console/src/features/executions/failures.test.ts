// @vitest-environment node
import { describe, expect, it } from 'vitest'
import { type ComparedSide, type ComparedStep, differenceOf, trendOf } from './failures'

const side = (change: Partial<ComparedSide> = {}): ComparedSide => ({
  status: 'completed',
  port: 'main',
  attempt: 1,
  durationMs: 1,
  outputBytes: 2,
  errorCode: null,
  ...change,
})
const step = (left: ComparedSide | null, right: ComparedSide | null, same = false): ComparedStep => ({
  nodeId: 'a',
  nodeType: 'set',
  iteration: '',
  place: 1,
  left,
  right,
  same,
})

describe('trendOf', () => {
  it('has a number for each day, also for those without failures', () => {
    const byDay = [
      { day: '2026-11-29', count: 2 },
      { day: '2026-12-01', count: 5 },
    ]
    expect(trendOf({ byDay }, '2026-12-01T09:00:00Z', 4)).toEqual([0, 2, 0, 5])
  })
})

describe('differenceOf', () => {
  it('says the first thing that differs', () => {
    expect(differenceOf(step(side(), side(), true))).toBe('the same')
    expect(differenceOf(step(side(), null))).toBe('only in the first')
    expect(differenceOf(step(null, side()))).toBe('only in the second')
    expect(differenceOf(step(side({ status: 'failed' }), side()))).toBe('failed, then completed')
    expect(differenceOf(step(side(), side({ port: 'else' })))).toBe('left by main, then else')
    expect(differenceOf(step(side({ errorCode: 'A' }), side({ errorCode: 'B' })))).toBe('A, then B')
    expect(differenceOf(step(side(), side()))).toBe('another output')
  })
})
