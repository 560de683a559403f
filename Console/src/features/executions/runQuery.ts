import type { Query } from '../../api/client'
import { sinceMoment } from '../../app/time'

const PLAIN = [
  'workflow',
  'status',
  'trigger',
  'correlation_id',
  'error_code',
  'parent',
  'resolved',
  'session',
  'min_duration',
  'max_duration',
  'version',
  'node',
  'tag',
  'workspace',
  'job',
  'created_by',
  'forked_from',
]

/** The filters in the address as the API wants them: `24h` and `yesterday` become moments. */
export function runQuery(params: Record<string, string>, now: number, zone: string): Query {
  const query: Query = {}
  for (const name of PLAIN) if (params[name]) query[name] = params[name]
  // Rounded to the minute, so that a page asks once and not anew with each drawing.
  const rounded = Math.floor(now / 60_000) * 60_000
  for (const name of ['from', 'to']) {
    const at = params[name] && sinceMoment(params[name], rounded, zone)
    if (at) query[name] = at
  }
  return query
}
