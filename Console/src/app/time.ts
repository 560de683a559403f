import { useSyncExternalStore } from 'react'

/** Which zone times are shown in: the person's own, or UTC. Addresses and copies always say UTC. */
export type ZoneChoice = 'mine' | 'utc'

const KEY = 'workflows.zone'
const listeners = new Set<() => void>()
let choice: ZoneChoice = localStorage.getItem(KEY) === 'utc' ? 'utc' : 'mine'
let profileZone: string | null = null

const browserZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone
const announce = () => listeners.forEach((listener) => listener())

export function setZoneChoice(next: ZoneChoice) {
  choice = next
  localStorage.setItem(KEY, next)
  announce()
}

/** The zone of the person's profile. An unset profile says UTC, and then the browser knows better. */
export function setProfileZone(zone: string | null) {
  profileZone = zone && zone !== 'UTC' && zone !== 'Etc/UTC' ? zone : null
  announce()
}

export const myZone = () => profileZone ?? browserZone()
export const currentZone = () => (choice === 'utc' ? 'UTC' : myZone())

const subscribe = (listener: () => void) => {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export const useZone = () => useSyncExternalStore(subscribe, currentZone)
export const useZoneChoice = () => useSyncExternalStore(subscribe, () => choice)

type Detail = 'day' | 'minute' | 'second' | 'millisecond'

const formats = new Map<string, Intl.DateTimeFormat>()

function format(zone: string, detail: Detail) {
  const key = `${zone}|${detail}`
  let found = formats.get(key)
  if (!found) {
    found = new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      day: '2-digit',
      month: 'short',
      year: 'numeric',
      ...(detail === 'day'
        ? {}
        : {
            hour: '2-digit',
            minute: '2-digit',
            ...(detail === 'minute' ? {} : { second: '2-digit' }),
            ...(detail === 'millisecond' ? { fractionalSecondDigits: 3 as const } : {}),
            timeZoneName: 'short',
          }),
    })
    formats.set(key, found)
  }
  return found
}

/** "29 Nov 2026, 10:34:07 CET": every time bears its zone. */
export const timeText = (at: string | number | Date, zone: string, detail: Detail = 'second') =>
  format(zone, detail).format(new Date(at))

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'short' })
const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['second', 60],
  ['minute', 60],
  ['hour', 24],
  ['day', 30],
  ['month', 12],
  ['year', Number.POSITIVE_INFINITY],
]

/** "3 min. ago", "in 2 hr.". */
export function relativeText(at: string | number | Date, now: number): string {
  let amount = (new Date(at).getTime() - now) / 1000
  if (Math.abs(amount) < 5) return 'now'
  for (const [unit, size] of STEPS) {
    if (Math.abs(amount) < size) return relative.format(Math.round(amount), unit)
    amount /= size
  }
  return ''
}

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const two = (value: number) => String(value).padStart(2, '0')

/** `820 ms`, `3.2 s`, `4 min 07 s`, `2 h 05 min`, `2 d 3 h`. */
export function durationText(ms: number): string {
  if (ms < 0) return '0 ms'
  if (ms < 1) return `${ms.toFixed(1)} ms`
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`
  const whole = Math.round(ms / 1000) * 1000
  if (whole < HOUR) return `${Math.floor(whole / MINUTE)} min ${two(Math.floor((whole % MINUTE) / 1000))} s`
  if (whole < DAY) return `${Math.floor(whole / HOUR)} h ${two(Math.floor((whole % HOUR) / MINUTE))} min`
  return `${Math.floor(whole / DAY)} d ${Math.floor((whole % DAY) / HOUR)} h`
}

/** Minutes that the zone is ahead of UTC at this moment. */
export function offsetMinutes(at: Date, zone: string): number {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  }).formatToParts(at)
  const part = (type: string) => Number(parts.find((entry) => entry.type === type)?.value)
  const local = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'))
  return Math.round((local - at.getTime()) / MINUTE)
}

/** The moment at which the day of `at` began in the zone, `back` days earlier. */
export function startOfDay(at: Date, zone: string, back = 0): Date {
  const local = new Date(at.getTime() + offsetMinutes(at, zone) * MINUTE)
  const midnight = Date.UTC(local.getUTCFullYear(), local.getUTCMonth(), local.getUTCDate() - back)
  // The offset at midnight may differ from the one now: clocks may have changed in between.
  const guess = new Date(midnight - offsetMinutes(new Date(midnight), zone) * MINUTE)
  return new Date(midnight - offsetMinutes(guess, zone) * MINUTE)
}

/** `24h`, `7d`, `30m`: the moment that long before now; anything else is read as a time. */
export function sinceMoment(text: string, now: number, zone: string): string | null {
  const found = /^(\d{1,4})([mhd])$/.exec(text)
  if (found) {
    const unit = { m: MINUTE, h: HOUR, d: DAY }[found[2] as 'm' | 'h' | 'd']
    return new Date(now - Number(found[1]) * unit).toISOString()
  }
  if (text === 'today') return startOfDay(new Date(now), zone).toISOString()
  if (text === 'yesterday') return startOfDay(new Date(now), zone, 1).toISOString()
  const at = Date.parse(text)
  return Number.isNaN(at) ? null : new Date(at).toISOString()
}
