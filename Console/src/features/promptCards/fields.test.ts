import { describe, expect, it } from 'vitest'
import type { CardView } from '../../api/schema.gen'
import { exampleOf } from './fields'

const card = (variables: object[]) => ({ variables }) as unknown as CardView

describe('what a card is filled with at first', () => {
  it('is of the type of each variable, or its default', () =>
    expect(
      exampleOf(
        card([
          { name: 'a', type: 'string' },
          { name: 'b', type: 'number', default: 7 },
          { name: 'c', type: 'enum', options: ['x', 'y'] },
          { name: 'd', type: 'list' },
          { name: 'e', type: 'boolean', default: false },
        ]),
      ),
    ).toEqual({ a: '', b: 7, c: 'x', d: [], e: false }))
})
