import type { ErrorDetail } from './schema.gen'

/** What the API answered instead of data, or that it did not answer. */
export class ApiError extends Error {
  readonly status: number
  readonly code: string
  readonly details: ErrorDetail[]
  readonly requestId: string | null
  readonly retryAfter: number | null

  constructor(fields: {
    status: number
    code: string
    message: string
    details?: ErrorDetail[] | null
    requestId?: string | null
    retryAfter?: number | null
  }) {
    super(fields.message)
    this.name = 'ApiError'
    this.status = fields.status
    this.code = fields.code
    this.details = fields.details ?? []
    this.requestId = fields.requestId ?? null
    this.retryAfter = fields.retryAfter ?? null
  }
}

interface Failure {
  error?: { code?: string; message?: string; details?: ErrorDetail[] | null }
  meta?: { requestId?: string }
}

export async function failureOf(answer: Response): Promise<ApiError> {
  const text = await answer.text()
  let body: Failure = {}
  try {
    body = JSON.parse(text) as Failure
  } catch {
    // A proxy between here and the API answers in its own words: the status has to say it.
    body = {}
  }
  const wait = Number(answer.headers.get('Retry-After'))
  return new ApiError({
    status: answer.status,
    code: body.error?.code ?? `HTTP_${answer.status}`,
    message: body.error?.message ?? `The server answered ${answer.status} ${answer.statusText}.`.replace(' .', '.'),
    details: body.error?.details,
    requestId: body.meta?.requestId ?? answer.headers.get('X-Request-Id'),
    retryAfter: Number.isFinite(wait) && wait > 0 ? wait : null,
  })
}

export const unreachable = (cause: unknown) =>
  new ApiError({
    status: 0,
    code: 'UNREACHABLE',
    message: `The server cannot be reached (${cause instanceof Error ? cause.message : 'no network'}).`,
  })

export const toApiError = (error: unknown): ApiError =>
  error instanceof ApiError
    ? error
    : new ApiError({ status: 0, code: 'CONSOLE', message: error instanceof Error ? error.message : String(error) })
