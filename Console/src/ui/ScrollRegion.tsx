import type { ComponentProps } from 'react'

/** What scrolls by itself: a region with a name, in reach of the keyboard. */
export function ScrollRegion({ label, ...rest }: ComponentProps<'div'> & { label: string }) {
  // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- without it the arrow keys cannot scroll here
  return <div {...rest} tabIndex={0} role="region" aria-label={label} />
}
