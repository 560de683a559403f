import { describe, expect, it } from 'vitest'
import { takeEvents } from './stream'

describe('events of a stream', () => {
  it('are taken whole, wherever the network cut them', () => {
    const all = 'event: delta\ndata: {"text":"a b"}\n\nevent: answer\ndata: {"number":2}\n\n'
    for (let cut = 0; cut <= all.length; cut++) {
      const first = takeEvents(all.slice(0, cut))
      const second = takeEvents(first.rest + all.slice(cut))
      expect([...first.events, ...second.events]).toEqual([
        { name: 'delta', data: { text: 'a b' } },
        { name: 'answer', data: { number: 2 } },
      ])
      expect(second.rest).toBe('')
    }
  })

  it('that are none are passed over', () => {
    expect(takeEvents(': a comment\n\n').events).toEqual([])
  })
})
