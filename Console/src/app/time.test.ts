import { describe, expect, it } from 'vitest'
import { durationText, offsetMinutes, relativeText, sinceMoment, startOfDay, timeText } from './time'

describe('times', () => {
  it.each([
    ['UTC', '29 Nov 2026, 09:34:07 UTC'],
    ['Europe/Berlin', '29 Nov 2026, 10:34:07 CET'],
    ['America/New_York', '29 Nov 2026, 04:34:07 GMT-5'],
    ['Asia/Kolkata', '29 Nov 2026, 15:04:07 GMT+5:30'],
  ])('bear their zone in %s', (zone, expected) => {
    expect(timeText('2026-11-29T09:34:07Z', zone)).toBe(expected)
  })

  it('are told by how long ago they were', () => {
    const now = Date.parse('2026-11-29T12:00:00Z')
    expect(relativeText('2026-11-29T11:57:00Z', now)).toBe('3 min. ago')
    expect(relativeText('2026-11-29T11:59:58Z', now)).toBe('now')
    expect(relativeText('2026-11-29T14:00:00Z', now)).toBe('in 2 hr.')
  })

  it.each([
    [0.04, '0.0 ms'],
    [820, '820 ms'],
    [3_200, '3.2 s'],
    [59_960, '1 min 00 s'],
    [247_000, '4 min 07 s'],
    [7_500_000, '2 h 05 min'],
    [183_600_000, '2 d 3 h'],
    [-5, '0 ms'],
  ])('%d ms is %s', (ms, expected) => expect(durationText(ms)).toBe(expected))

  it('know the offset of a zone on both sides of a change of the clock', () => {
    expect(offsetMinutes(new Date('2026-03-29T00:59:00Z'), 'Europe/Berlin')).toBe(60)
    expect(offsetMinutes(new Date('2026-03-29T01:01:00Z'), 'Europe/Berlin')).toBe(120)
  })

  it('find the start of a day that the clock changed on', () => {
    // The day has 23 hours: at noon two hours are ahead, at midnight one was.
    expect(startOfDay(new Date('2026-03-29T10:00:00Z'), 'Europe/Berlin').toISOString()).toBe('2026-03-28T23:00:00.000Z')
    expect(startOfDay(new Date('2026-10-25T12:00:00Z'), 'Europe/Berlin').toISOString()).toBe('2026-10-24T22:00:00.000Z')
    expect(startOfDay(new Date('2026-10-25T12:00:00Z'), 'Europe/Berlin', 1).toISOString()).toBe(
      '2026-10-23T22:00:00.000Z',
    )
  })

  it('read what the filter bar says', () => {
    const now = Date.parse('2026-11-29T12:00:00Z')
    expect(sinceMoment('24h', now, 'UTC')).toBe('2026-11-28T12:00:00.000Z')
    expect(sinceMoment('30m', now, 'UTC')).toBe('2026-11-29T11:30:00.000Z')
    expect(sinceMoment('yesterday', now, 'Asia/Kolkata')).toBe('2026-11-27T18:30:00.000Z')
    expect(sinceMoment('2026-11-01T00:00:00Z', now, 'UTC')).toBe('2026-11-01T00:00:00.000Z')
    expect(sinceMoment('whenever', now, 'UTC')).toBeNull()
  })
})
