import { Tooltip } from '@mantine/core'
import { useEffect, useState } from 'react'
import { serverNow } from '../api/client'
import { durationText, relativeText, timeText, useZone } from '../app/time'

/** Now, anew each second, or each half minute where seconds do not matter. */
export function useNow(every = 30_000, isOn = true) {
  const [now, setNow] = useState(serverNow)
  useEffect(() => {
    if (!isOn) return undefined
    const timer = setInterval(() => setNow(serverNow()), every)
    return () => clearInterval(timer)
  }, [every, isOn])
  return now
}

interface Props {
  at: string | null | undefined
  /** "3 min ago", with the whole time as the tooltip. */
  relative?: boolean
  detail?: 'minute' | 'second' | 'millisecond'
  none?: string
}

export function TimeText({ at, relative = false, detail = 'second', none = '–' }: Props) {
  const zone = useZone()
  const now = useNow(30_000, relative)
  if (!at) return <span>{none}</span>
  const iso = new Date(at).toISOString()
  if (!relative) return <time dateTime={iso}>{timeText(at, zone, detail)}</time>
  return (
    <Tooltip label={timeText(at, zone, detail)}>
      <time dateTime={iso}>{relativeText(at, now)}</time>
    </Tooltip>
  )
}

/** How long something took, or has been taking until now. */
export function Duration({ ms, since }: { ms?: number | null; since?: string | null }) {
  const isCounting = ms === null || ms === undefined
  const now = useNow(1000, isCounting && Boolean(since))
  if (!isCounting) return <span>{durationText(ms)}</span>
  if (!since) return <span>–</span>
  return <span>{durationText(Math.max(0, now - Date.parse(since)))}</span>
}
