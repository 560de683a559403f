import { useState } from 'react'
import { Code } from '../../../../ui/Code'
import { classes } from '../classes'
import { isSame } from '../model/definition'
import { text } from '../text'

interface Props {
  label: string
  value: unknown
  change: (value: unknown) => void
  /** Says why JSON is not taken; null when it is. */
  check?: (value: unknown) => string | null
  /** Takes a text of the form `{{ … }}`, which is no JSON. Without it such a text is a mistake like any other. */
  onExpression?: (text: string) => void
  minHeight?: string
  maxHeight?: string
}

const pretty = (value: unknown) => (value === undefined ? '' : JSON.stringify(value, null, 2))

const OPEN_EXPRESSION = /^\s*\{\{/
const WHOLE_EXPRESSION = /^\s*\{\{[\s\S]*\}\}\s*$/

/** JSON as text. What is no JSON yet stays in the field and changes nothing. */
export function JsonInput({
  label,
  value,
  change,
  check,
  onExpression,
  minHeight = '60px',
  maxHeight = '44vh',
}: Props) {
  const [draft, setDraft] = useState<{ text: string; value: unknown; problem: string | null }>(() => ({
    text: pretty(value),
    value,
    problem: null,
  }))
  // Changed from elsewhere, as by undo: the text follows. While it is no JSON, it is the person's own.
  const isOutside = draft.problem === null && draft.value !== value && !isSame(draft.value, value)
  const shown = isOutside ? { text: pretty(value), value, problem: null } : draft
  const type = (next: string) => {
    if (next === shown.text) return
    if (next.trim() === '') {
      setDraft({ text: next, value: undefined, problem: null })
      change(undefined)
      return
    }
    try {
      const read: unknown = JSON.parse(next)
      const problem = check?.(read) ?? null
      setDraft({ text: next, value: problem ? value : read, problem })
      if (!problem) change(read)
    } catch (error) {
      if (onExpression && WHOLE_EXPRESSION.test(next)) return onExpression(next.trim())
      if (onExpression && OPEN_EXPRESSION.test(next))
        return setDraft({ text: next, value, problem: text.openExpression })
      setDraft({ text: next, value, problem: error instanceof Error ? error.message : String(error) })
    }
  }
  return (
    <>
      <Code label={label} value={shown.text} minHeight={minHeight} maxHeight={maxHeight} onChange={type} />
      {shown.problem && (
        <div className={classes.fieldBad} role="alert">
          {shown.problem} {text.notTaken}
        </div>
      )}
    </>
  )
}
