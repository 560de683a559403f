import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands'
import { bracketMatching } from '@codemirror/language'
import { EditorState, RangeSetBuilder } from '@codemirror/state'
import {
  Decoration,
  type DecorationSet,
  EditorView,
  keymap,
  placeholder,
  tooltips,
  ViewPlugin,
  type ViewUpdate,
} from '@codemirror/view'
import { useEffect, useRef } from 'react'
import { nonce } from '../../../../app/nonce'
import { codeTheme } from '../../../../ui/code/CodeEditor'
import { typedOver } from '../../../../ui/code/typedOver'
import { partsOf, tokensOf } from '../model/references'
import { completionOf, expressionAt, type JsonataFunction } from './completion'
import type { Scope } from './scope'

export interface ExpressionEditorProps {
  label: string
  value: string
  kind: 'expression' | 'template'
  scope: Scope
  functions: JsonataFunction[]
  secrets: boolean
  readOnly: boolean
  placeholder?: string
  change: (text: string) => void
}

const look = EditorView.theme({
  '&': { border: '1px solid var(--line-strong)', borderRadius: '7px', backgroundColor: 'var(--surface)' },
  '.cm-scroller': { maxHeight: '34vh', minHeight: '34px' },
  '.cm-content': { padding: '7px 2px' },
  '.wf-expression': { backgroundColor: 'color-mix(in srgb, var(--accent) 10%, transparent)', borderRadius: '3px' },
  '.wf-text': { color: 'var(--code-text)' },
  '.wf-number': { color: 'var(--code-number)' },
  '.wf-function': { color: 'var(--code-word)' },
  '.wf-name': { color: 'var(--code-name)' },
  '.cm-tooltip-autocomplete ul li[aria-selected]': { backgroundColor: 'var(--accent-soft)', color: 'var(--text)' },
  '.cm-completionDetail': { color: 'var(--dim)', fontStyle: 'normal', marginInlineStart: '8px' },
  '.cm-completionInfo': { maxWidth: '280px', padding: '6px 8px' },
})

const MARKS = [
  [/^["']/, Decoration.mark({ class: 'wf-text' })],
  [/^\d/, Decoration.mark({ class: 'wf-number' })],
  [/^\$/, Decoration.mark({ class: 'wf-function' })],
  [/^[\p{L}_`]/u, Decoration.mark({ class: 'wf-name' })],
] as const
const inBraces = Decoration.mark({ class: 'wf-expression' })

function decorate(text: string, isTemplate: boolean): DecorationSet {
  const builder = new RangeSetBuilder<Decoration>()
  const parts = isTemplate ? partsOf(text) : [{ text, isExpression: true }]
  let at = 0
  for (const part of parts) {
    if (part.isExpression) {
      if (isTemplate && part.text !== '') builder.add(at, at + part.text.length, inBraces)
      let from = at
      for (const token of tokensOf(part.text)) {
        const mark = MARKS.find(([pattern]) => pattern.test(token))?.[1]
        if (mark) builder.add(from, from + token.length, mark)
        from += token.length
      }
    }
    at += part.text.length
  }
  return builder.finish()
}

const colouring = (isTemplate: boolean) =>
  ViewPlugin.fromClass(
    class {
      decorations: DecorationSet
      constructor(view: EditorView) {
        this.decorations = decorate(view.state.doc.toString(), isTemplate)
      }
      update(update: ViewUpdate) {
        if (update.docChanged) this.decorations = decorate(update.state.doc.toString(), isTemplate)
      }
    },
    { decorations: (plugin) => plugin.decorations },
  )

/** A path that is dropped outside of braces gets its own. */
const dropping = (isTemplate: boolean) =>
  EditorView.domEventHandlers({
    drop: (event, view) => {
      const path = event.dataTransfer?.getData('application/x-workflows-path')
      if (!path) return false
      event.preventDefault()
      const at = view.posAtCoords({ x: event.clientX, y: event.clientY }) ?? view.state.doc.length
      const isInside = expressionAt(view.state.doc.toString(), at, isTemplate) !== null
      const insert = isInside ? path : `{{ ${path} }}`
      view.dispatch({ changes: { from: at, insert }, selection: { anchor: at + insert.length } })
      view.focus()
      return true
    },
  })

/** A field for an expression or a template: one line that grows. */
export default function ExpressionEditor(props: ExpressionEditorProps) {
  const host = useRef<HTMLDivElement>(null)
  const view = useRef<EditorView | null>(null)
  const latest = useRef(props)
  useEffect(() => {
    latest.current = props
  })
  const { label, kind, readOnly, secrets } = props
  useEffect(() => {
    if (!host.current) return undefined
    const isTemplate = kind === 'template'
    const source = completionOf(
      () => latest.current.scope,
      () => latest.current.functions,
      isTemplate,
      secrets,
    )
    const made = new EditorView({
      parent: host.current,
      state: EditorState.create({
        doc: latest.current.value,
        extensions: [
          EditorView.cspNonce.of(nonce),
          codeTheme,
          look,
          tooltips({ position: 'fixed', parent: document.body }),
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ 'aria-label': label, tabindex: '0', spellcheck: 'false' }),
          latest.current.placeholder ? placeholder(latest.current.placeholder) : [],
          bracketMatching(),
          closeBrackets(),
          history(),
          autocompletion({ override: [source], activateOnTyping: true, icons: false }),
          keymap.of([...closeBracketsKeymap, ...completionKeymap, ...historyKeymap, ...defaultKeymap]),
          colouring(isTemplate),
          dropping(isTemplate),
          readOnly ? [EditorState.readOnly.of(true), EditorView.editable.of(false)] : [typedOver],
          EditorView.updateListener.of((update) => {
            if (update.docChanged) latest.current.change(update.state.doc.toString())
          }),
        ],
      }),
    })
    view.current = made
    return () => {
      made.destroy()
      view.current = null
    }
  }, [label, kind, readOnly, secrets])
  useEffect(() => {
    const shown = view.current
    if (!shown || shown.state.doc.toString() === props.value) return
    shown.dispatch({ changes: { from: 0, to: shown.state.doc.length, insert: props.value } })
  }, [props.value])
  return <div ref={host} />
}
