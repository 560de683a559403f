import { useEffect } from 'react'
import { send } from '../../../api/client'
import { toApiError } from '../../../api/errors'
import type { ValidationView } from '../../../api/schema.gen'
import { useEditorContext } from './context'
import { locateProblem } from './model/problems'

const REST_MS = 400

/** Asks the server what is wrong, half a second after the last change; an answer of before a change is dropped. */
export function useChecking() {
  const { store, view } = useEditorContext()
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    let request: AbortController | null = null
    const check = async () => {
      request?.abort()
      const mine = new AbortController()
      request = mine
      const { definition } = store.getState()
      try {
        const { data } = await send<ValidationView>('POST', '/workflows/validate', {
          body: { definition },
          signal: mine.signal,
        })
        if (mine.signal.aborted) return
        view.setState({ problems: data.problems.map((problem) => locateProblem(definition, problem)), isChecked: true })
      } catch (error) {
        if (mine.signal.aborted) return
        const { code, message } = toApiError(error)
        const problem = { code, message, pointer: '', hint: 'It is checked again at the next change.' }
        view.setState({ problems: [{ ...problem, node: null, field: '', edge: null }], isChecked: true })
      }
    }
    const stop = store.subscribe((now, before) => {
      if (now.definition === before.definition) return
      clearTimeout(timer)
      view.setState({ isChecked: false })
      timer = setTimeout(() => void check(), REST_MS)
    })
    void check()
    return () => {
      stop()
      clearTimeout(timer)
      request?.abort()
    }
  }, [store, view])
}
