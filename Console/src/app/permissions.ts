import { useSession } from '../api/session'

/** What the caller may do, as the server said at the start. The server decides again at each request. */
export function useMay() {
  const { me } = useSession()
  return (permission: string | null | undefined) => !permission || (me?.permissions.includes(permission) ?? false)
}
