/** What the API answers of failures and comparisons. */
export interface FailureGroup {
  workflowId: string
  workflowName: string | null
  nodeId: string | null
  code: string | null
  message: string | null
  fingerprint: string | null
  count: number
  open: number
  firstAt: string
  lastAt: string
  newestId: string
  byDay: { day: string; count: number }[]
}

export interface FailureGroups {
  from: string
  to: string
  looked: number
  capped: boolean
  groups: FailureGroup[]
}

export interface SimilarFailure {
  id: string
  version: number
  message: string | null
  finishedAt: string
  resolvedAt: string | null
  resolvedBy: string | null
  resolution: string | null
  rerunId: string | null
  rerunStatus: string | null
}

export interface ComparedHead {
  id: string
  workflowId: string
  version: number
  status: string
  forkedFrom: string | null
  queuedAt: string
  startedAt: string | null
  finishedAt: string | null
  durationMs: number | null
}

export interface ComparedSide {
  status: string
  port: string | null
  attempt: number
  durationMs: number
  outputBytes: number | null
  errorCode: string | null
}

export interface ComparedStep {
  nodeId: string
  nodeType: string
  iteration: string
  place: number
  left: ComparedSide | null
  right: ComparedSide | null
  same: boolean
}

export interface Comparison {
  executions: { left: ComparedHead; right: ComparedHead; input: boolean; output: boolean; error: boolean }
  steps: { same: number; different: number; onlyLeft: number; onlyRight: number }
  same: boolean
  page: ComparedStep[]
}

const DAY_MS = 86_400_000

/** Counts of each of the last days, oldest first: days without failures are zeros. */
export function trendOf(group: Pick<FailureGroup, 'byDay'>, to: string, days: number): number[] {
  const counts = new Map(group.byDay.map((one) => [one.day, one.count]))
  const last = Date.parse(to)
  return Array.from(
    { length: days },
    (_, index) => counts.get(new Date(last - (days - 1 - index) * DAY_MS).toISOString().slice(0, 10)) ?? 0,
  )
}

/** What differs of a step, in words. */
export function differenceOf({ left, right, same }: ComparedStep): string {
  if (same) return 'the same'
  if (!left) return 'only in the second'
  if (!right) return 'only in the first'
  if (left.status !== right.status) return `${left.status}, then ${right.status}`
  if (left.port !== right.port) return `left by ${left.port ?? 'none'}, then ${right.port ?? 'none'}`
  if (left.errorCode !== right.errorCode)
    return `${left.errorCode ?? 'no error'}, then ${right.errorCode ?? 'no error'}`
  return 'another output'
}
