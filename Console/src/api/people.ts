import { useQueries } from '@tanstack/react-query'
import { get } from './client'
import type { DirectoryEntry } from './schema.gen'

const LONG_MS = 600_000

/** Names of people by id, for whoever may not read accounts. Who is gone, or is a program, has none. */
export function usePeopleNames(ids: string[]): ReadonlyMap<string, string> {
  return useQueries({
    queries: ids.map((id) => ({
      queryKey: ['/directory', { id }],
      queryFn: () => get<DirectoryEntry[]>('/directory', { id, kind: 'user' }),
      staleTime: LONG_MS,
    })),
    combine: (found) =>
      new Map(
        found.flatMap(({ data }, at) => {
          const [id, name] = [ids[at], data?.[0]?.name]
          return id && name ? [[id, name] as const] : []
        }),
      ),
  })
}
