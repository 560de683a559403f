import { describe, expect, it } from 'vitest'
import { GONE_MS, heard, initialsOf, people, type Present } from './presence'
import { holderOf } from './useHolding'

const joined = (connection: string, actorId: string, actor: string, node?: string) => ({
  connection,
  actorId,
  actor,
  ...(node ? { state: { node } } : {}),
})

describe('who is here', () => {
  it('comes, moves and goes', () => {
    let present: readonly Present[] = []
    present = heard(present, 'presence.joined', joined('1', 'ann', 'Ann'), 0)
    present = heard(present, 'presence.joined', joined('2', 'ben', 'Ben', 'pay'), 1)
    present = heard(present, 'presence.changed', joined('1', 'ann', 'Ann', 'ship'), 2)
    expect(people(present, 'me', 3).map((one) => `${one.name} ${one.node}`)).toEqual(['Ann ship', 'Ben pay'])
    present = heard(present, 'presence.left', joined('1', 'ann', 'Ann'), 3)
    expect(people(present, 'me', 3).map((one) => one.name)).toEqual(['Ben'])
    expect(heard(present, 'reset', {}, 4)).toEqual([])
  })

  it('is one for several windows of a person, and never oneself', () => {
    let present = heard([], 'presence.joined', joined('1', 'ann', 'Ann', 'a'), 0)
    present = heard(present, 'presence.joined', joined('2', 'ann', 'Ann', 'b'), 1)
    present = heard(present, 'presence.joined', joined('3', 'me', 'Me'), 2)
    expect(people(present, 'me', 2).map((one) => one.node)).toEqual(['b'])
  })

  it('is gone after a silence', () => {
    const present = heard([], 'presence.joined', joined('1', 'ann', 'Ann'), 0)
    expect(people(present, 'me', GONE_MS - 1)).toHaveLength(1)
    expect(people(present, 'me', GONE_MS)).toEqual([])
  })

  it('may send what it likes', () => {
    expect(heard([], 'presence.changed', { connection: 5, actorId: 'x' }, 0)).toEqual([])
    expect(heard([], 'presence.other', joined('1', 'ann', 'Ann'), 0)).toEqual([])
    const odd = { ...joined('1', 'ann', ''), state: { node: { toString: 'x' } } }
    expect(heard([], 'presence.joined', odd, 0)[0]).toMatchObject({ name: 'Somebody', node: null })
  })

  it('has initials', () => {
    expect(['Ann Lee', 'ann', 'ann.lee@example.com', 'Å', '', '李 小龍'].map(initialsOf)).toEqual([
      'AL',
      'AN',
      'AL',
      'Å',
      '?',
      '李小',
    ])
  })
})

describe('a check-out', () => {
  const until = '2026-12-01T10:00:00Z'
  it('is of one person until its time', () => {
    const now = Date.parse(until)
    expect(holderOf({ checkedOutBy: 'ann', checkedOutUntil: until }, 'ann', now - 1)).toBe('me')
    expect(holderOf({ checkedOutBy: 'ann', checkedOutUntil: until }, 'ben', now - 1)).toBe('other')
    expect(holderOf({ checkedOutBy: 'ann', checkedOutUntil: until }, 'ben', now)).toBeNull()
    expect(holderOf({ checkedOutBy: null, checkedOutUntil: null }, 'ben', now)).toBeNull()
  })
})
