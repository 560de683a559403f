import { beforeEach, describe, expect, it } from 'vitest'
import { hiddenColumns, hideColumns, readHidden, shownOf } from './columns'

const COLUMNS = ['name', 'state', 'when'].map((key) => ({ key }))

describe('columns that were chosen', () => {
  beforeEach(() => hideColumns('events', []))

  it('are remembered for each list alone', () => {
    hideColumns('events', ['when'])
    expect(hiddenColumns('events')).toEqual(['when'])
    expect(hiddenColumns('workflows')).toEqual([])
    expect(JSON.parse(localStorage.getItem('workflows.columns') ?? '')).toEqual({ events: ['when'] })
    hideColumns('events', [])
    expect(localStorage.getItem('workflows.columns')).toBe('{}')
  })

  it('always hold the first one', () => {
    expect(shownOf(COLUMNS, ['name', 'when']).map((one) => one.key)).toEqual(['name', 'state'])
    expect(shownOf(COLUMNS, ['gone'])).toHaveLength(3)
  })

  it('are all there where something else was kept', () => {
    expect([null, 'no json', '5', '{"events":"when"}', '{"events":[1,"when"]}'].map(readHidden)).toEqual([
      {},
      {},
      {},
      {},
      { events: ['when'] },
    ])
  })
})
