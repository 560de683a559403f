import { useLocation, useRouter } from '@tanstack/react-router'
import { type ComponentProps, type MouseEvent, type Ref, useCallback, useMemo } from 'react'

/** Goes to an address of the console. */
export function useGo() {
  const router = useRouter()
  return useCallback(
    (href: string, options?: { replace?: boolean }) =>
      options?.replace ? router.history.replace(href) : router.history.push(href),
    [router],
  )
}

const isPlainClick = (event: MouseEvent) =>
  event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey

/** A link within the console: a real address, opened without a reload. */
export function Go({
  href,
  onClick,
  ref,
  children,
  ...rest
}: ComponentProps<'a'> & { href: string; ref?: Ref<HTMLAnchorElement> }) {
  const go = useGo()
  return (
    <a
      {...rest}
      ref={ref}
      href={href}
      onClick={(event) => {
        onClick?.(event)
        if (event.defaultPrevented || !isPlainClick(event)) return
        event.preventDefault()
        go(href)
      }}
    >
      {children}
    </a>
  )
}

export type Params = Record<string, string>

/** The query of the address, and a way to change it: what a page shows can be sent to somebody. */
export function useParamsOfUrl(): [Params, (patch: Record<string, string | null | undefined>, push?: boolean) => void] {
  const location = useLocation()
  const router = useRouter()
  const params = useMemo(() => Object.fromEntries(new URLSearchParams(location.searchStr)), [location.searchStr])
  const change = useCallback(
    (patch: Record<string, string | null | undefined>, push = false) => {
      const { pathname, search } = router.history.location
      const next = new URLSearchParams(search)
      for (const [name, value] of Object.entries(patch)) {
        if (value === null || value === undefined || value === '') next.delete(name)
        else next.set(name, value)
      }
      const href = next.size > 0 ? `${pathname}?${next}` : pathname
      if (push) router.history.push(href)
      else router.history.replace(href)
    },
    [router],
  )
  return [params, change]
}

export const hrefOf = (path: string, params: Record<string, string | null | undefined>) => {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(params)) if (value) query.set(name, value)
  return query.size > 0 ? `${path}?${query}` : path
}
