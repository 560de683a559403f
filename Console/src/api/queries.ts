import {
  keepPreviousData,
  QueryClient,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query'
import { useMemo } from 'react'
import { type Answer, get, type Query, send } from './client'
import { ApiError, toApiError } from './errors'

const TRIES = 2

function mayTryAgain(count: number, error: unknown) {
  const failure = toApiError(error)
  return count < TRIES && (failure.status === 0 || failure.status >= 500 || failure.status === 429)
}

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      retry: mayTryAgain,
      retryDelay: (count, error) => ((error as ApiError).retryAfter ?? 0.5 * 2 ** count) * 1000,
      staleTime: 5_000,
      refetchOnWindowFocus: true,
    },
  },
})

export interface ReadOptions {
  enabled?: boolean
  /** Polls this often while the page is seen. */
  every?: number | false
  staleTime?: number
  keep?: boolean
}

/** Reads one thing. A path of null asks for nothing yet. */
export function useApi<T>(path: string | null, query?: Query, options: ReadOptions = {}) {
  return useQuery<T, ApiError>({
    queryKey: [path, query ?? {}],
    queryFn: ({ signal }) => get<T>(path ?? '', query, signal),
    enabled: path !== null && options.enabled !== false,
    refetchInterval: options.every,
    staleTime: options.staleTime,
    placeholderData: options.keep === false ? undefined : keepPreviousData,
  })
}

export const PAGE = 100
const MOST_PAGES = 20

export interface List<T> {
  items: T[]
  total: number | null
  totalIsCapped: boolean
  isLoading: boolean
  isFetching: boolean
  error: ApiError | null
  hasMore: boolean
  /** True when the most rows that are kept are there. */
  isFull: boolean
  isLoadingMore: boolean
  loadMore: () => void
  reload: () => void
}

/** Reads a list by its keyset pages, at most 2,000 rows of it. */
export function useList<T>(path: string | null, query: Query = {}, options: ReadOptions = {}): List<T> {
  const found = useInfiniteQuery<Answer<T[]>, ApiError, { pages: Answer<T[]>[] }, unknown[], string | null>({
    queryKey: [path, { per_page: PAGE, ...query }, 'list'],
    queryFn: ({ pageParam, signal }) =>
      send<T[]>('GET', path ?? '', { query: { per_page: PAGE, ...query, cursor: pageParam }, signal }),
    initialPageParam: null,
    getNextPageParam: (last, pages) =>
      pages.length < MOST_PAGES ? (last.meta.pagination?.nextCursor ?? undefined) : undefined,
    enabled: path !== null && options.enabled !== false,
    refetchInterval: options.every,
    staleTime: options.staleTime,
    placeholderData: keepPreviousData,
  })
  const pages = found.data?.pages
  const items = useMemo(() => pages?.flatMap((page) => page.data) ?? [], [pages])
  const last = pages?.at(-1)?.meta.pagination
  const first = pages?.[0]?.meta.pagination
  return {
    items,
    total: first?.total ?? null,
    totalIsCapped: first?.totalIsCapped ?? false,
    isLoading: found.isLoading,
    isFetching: found.isFetching,
    error: found.error,
    hasMore: found.hasNextPage,
    isFull: !found.hasNextPage && (last?.hasMore ?? false),
    isLoadingMore: found.isFetchingNextPage,
    loadMore: () => void (found.hasNextPage && !found.isFetchingNextPage && found.fetchNextPage()),
    reload: () => void found.refetch(),
  }
}

/** Marks what was read below these paths as old: what is on the screen is read again. */
export function invalidate(client: QueryClient, prefixes: string[]) {
  return client.invalidateQueries({
    predicate: ({ queryKey: [path] }) => typeof path === 'string' && prefixes.some((prefix) => path.startsWith(prefix)),
  })
}

export interface Act<TInput, TResult> {
  run: (input: TInput) => Promise<TResult>
  /** What lists and pages show of it is read again afterwards. */
  touches?: string[]
  onDone?: (result: TResult, input: TInput) => void
  onError?: (error: ApiError) => void
}

/** A change: runs, and then reads again what it touched. */
export function useAct<TInput = void, TResult = unknown>({ run, touches = [], onDone, onError }: Act<TInput, TResult>) {
  const client = useQueryClient()
  return useMutation<TResult, ApiError, TInput>({
    mutationFn: run,
    onSuccess: async (result, input) => {
      onDone?.(result, input)
      await invalidate(client, touches)
    },
    onError: (error) => onError?.(toApiError(error)),
  })
}
