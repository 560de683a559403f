import { useQuery } from '@tanstack/react-query'
import { get } from '../../../api/client'
import { toApiError } from '../../../api/errors'
import type { JsonataFunction } from './expressions/completion'

/**
 * The functions of expressions, and with them whether this server has what editors need beside definitions: working
 * copies, pins, tests and evaluation came together. Null where it does not; what needs them is then not shown.
 */
async function read(): Promise<JsonataFunction[] | null> {
  try {
    return await get<JsonataFunction[]>('/expressions/functions')
  } catch (error) {
    if (toApiError(error).status === 404) return null
    throw error
  }
}

export const offeredQuery = { queryKey: ['/expressions/functions'], queryFn: read, staleTime: Infinity, retry: 1 }

export function useOffered(): { isOffered: boolean; functions: JsonataFunction[] } {
  const found = useQuery(offeredQuery).data
  return { isOffered: Array.isArray(found), functions: found ?? [] }
}
