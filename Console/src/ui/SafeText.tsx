import { Tooltip } from '@mantine/core'
import { safeText } from './safe'

const LONGEST = 200

/** Text that others wrote: marks for characters that would hide or turn around others, and a cut that says so. */
export function SafeText({ children, most = LONGEST }: { children: string | null | undefined; most?: number }) {
  const text = safeText(children ?? '')
  if (text.length <= most) return <bdi>{text}</bdi>
  return (
    <Tooltip label={text.slice(0, 2000)}>
      <bdi>{`${text.slice(0, most)}… (${text.length.toLocaleString('en')} characters)`}</bdi>
    </Tooltip>
  )
}
