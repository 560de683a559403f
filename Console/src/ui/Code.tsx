import { lazy, Suspense } from 'react'
import type { CodeProps } from './code/CodeEditor'
import { Waiting } from './EmptyState'

const CodeEditor = lazy(() => import('./code/CodeEditor'))

/** The code editor, which is loaded when one is shown first. */
export function Code(props: CodeProps) {
  return (
    <Suspense fallback={<Waiting rows={3} />}>
      <CodeEditor {...props} />
    </Suspense>
  )
}
