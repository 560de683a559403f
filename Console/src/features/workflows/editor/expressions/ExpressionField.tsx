import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { lazy, Suspense, useState } from 'react'
import { type ApiError, send } from '../../../../api/client'
import { toApiError } from '../../../../api/errors'
import { safeText } from '../../../../ui/safe'
import { useView } from '../context'
import { classes } from '../classes'
import { useScope } from './scope'
import { useOffered } from '../offered'

const ExpressionEditor = lazy(() => import('./ExpressionEditor'))
const REST_MS = 300

interface Props {
  label: string
  labelled: string
  value: string
  kind: 'expression' | 'template'
  node: string
  secrets: boolean
  readOnly: boolean
  placeholder?: string
  change: (text: string) => void
}

interface Evaluation {
  type: string | null
  value: unknown
  error: { code: string; message: string; start: number; position: number } | null
}

const shown = (value: unknown) => {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 400 ? `${text.slice(0, 400)}… (${text.length.toLocaleString('en')} characters)` : text
}

/** What the expression yields over the data of the last test, as the server evaluates it. */
function Result({ kind, value, node }: { kind: Props['kind']; value: string; node: string }) {
  const test = useView((state) => state.test)
  const [asked] = useDebouncedValue(value, REST_MS)
  const over = test ? { executionId: test.id, nodeId: node } : { data: {} }
  const isWorth =
    asked.trim() !== '' &&
    (test !== null || !/\b(input|steps|event|trigger|item|index|vars|context|secrets)\b/.test(asked))
  const found = useQuery<Evaluation, ApiError>({
    queryKey: ['/expressions/evaluate', kind, asked, test?.id, node],
    queryFn: async ({ signal }) => {
      const body = kind === 'expression' ? { expression: asked, ...over } : { template: asked, ...over }
      return (await send<Evaluation>('POST', '/expressions/evaluate', { body, signal })).data
    },
    enabled: isWorth,
    retry: false,
    staleTime: 60_000,
  })
  if (!isWorth || found.isPending) return null
  if (found.error) {
    const { code, message } = toApiError(found.error)
    return (
      <div className={classes.result}>
        {code === 'STEP_NOT_FOUND' ? 'The last test did not come as far as this node.' : message}
      </div>
    )
  }
  const { error } = found.data
  return (
    <div className={classes.result} data-bad={error !== null || undefined} role="status">
      {error
        ? `${error.code} at ${error.start + 1}: ${error.message}`
        : `= ${found.data.type === 'undefined' ? 'nothing' : safeText(shown(found.data.value))}`}
    </div>
  )
}

/** An expression with completion from real data, and below it what it yields. */
export function ExpressionField(props: Props) {
  const scope = useScope(props.node)
  const { isOffered, functions } = useOffered()
  const [isUsed, setUsed] = useState(false)
  return (
    <div onFocus={() => setUsed(true)}>
      <Suspense fallback={<div className={classes.waitingField} />}>
        <ExpressionEditor {...props} scope={scope} functions={functions} />
      </Suspense>
      {isUsed && isOffered && <Result kind={props.kind} value={props.value} node={props.node} />}
    </div>
  )
}
