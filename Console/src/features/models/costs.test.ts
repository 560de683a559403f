import { describe, expect, it } from 'vitest'
import { sumUp } from './Costs'
import { moneyText } from '../../ui/money'

describe('cost of models', () => {
  it('is summed by model and purpose, the dearest first', () => {
    const row = {
      day: '2026-12-01',
      workspaceId: null,
      calls: 1,
      failures: 0,
      inputTokens: 10,
      outputTokens: 5,
    }
    const sums = sumUp([
      { ...row, modelId: 'a', model: 'small', purpose: 'node', costUsd: 0.1 },
      { ...row, modelId: 'b', model: null, purpose: 'chat', costUsd: 2 },
      { ...row, modelId: 'a', model: 'small', purpose: 'node', costUsd: 0.2, failures: 1 },
    ])
    expect(sums.map((one) => [one.model, one.calls, one.failures, one.tokens])).toEqual([
      ['a model that is gone', 1, 0, 15],
      ['small', 2, 1, 30],
    ])
    expect(sums[1]?.cost).toBeCloseTo(0.3)
  })

  it('reads well whether it is large or small', () => {
    expect([0, 1234.5, 0.0123, 0.00001234, 0.0000001].map(moneyText)).toEqual([
      '$0',
      '$1,234.50',
      '$0.0123',
      '$0.000012',
      '< $0.000001',
    ])
  })
})
