import { createContext, lazy, type ReactNode, Suspense, useCallback, useContext, useState } from 'react'

export interface Question {
  title: string
  /** What it will touch, by count and name. */
  body?: ReactNode
  act: string
  danger?: boolean
  /** Asks for a reason: `optional`, or `needed`. */
  reason?: 'optional' | 'needed'
  reasonLabel?: string
  /** To be typed before a deletion that cannot be undone. */
  typed?: string
  run: (reason: string) => Promise<unknown>
}

const ConfirmDialog = lazy(() => import('./ConfirmDialog'))
const Context = createContext<(question: Question) => void>(() => undefined)

/** Asks before an act, and stays open with the error when it fails: what was typed is not lost. */
export const useConfirm = () => useContext(Context)

export function ConfirmProvider({ children }: { children: ReactNode }) {
  const [question, setQuestion] = useState<Question | null>(null)
  const ask = useCallback((next: Question) => setQuestion(next), [])
  return (
    <Context value={ask}>
      {children}
      {question && (
        <Suspense fallback={null}>
          <ConfirmDialog key={question.title} question={question} close={() => setQuestion(null)} />
        </Suspense>
      )}
    </Context>
  )
}
