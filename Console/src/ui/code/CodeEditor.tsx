import { defaultKeymap, history, historyKeymap } from '@codemirror/commands'
import { json, jsonParseLinter } from '@codemirror/lang-json'
import {
  bracketMatching,
  foldGutter,
  foldKeymap,
  HighlightStyle,
  indentOnInput,
  syntaxHighlighting,
} from '@codemirror/language'
import { linter } from '@codemirror/lint'
import { highlightSelectionMatches, search, searchKeymap } from '@codemirror/search'
import { Compartment, EditorState, type Extension } from '@codemirror/state'
import { EditorView, highlightActiveLine, highlightSpecialChars, keymap, lineNumbers } from '@codemirror/view'
import { tags } from '@lezer/highlight'
import { useEffect, useRef } from 'react'
import { nonce } from '../../app/nonce'
import { farScroll } from './farScroll'
import { typedOver } from './typedOver'

export interface CodeProps {
  value: string
  label: string
  language?: 'json' | 'text'
  onChange?: (text: string) => void
  minHeight?: string
  maxHeight?: string
  extensions?: Extension[]
}

const colours = HighlightStyle.define([
  { tag: tags.propertyName, color: 'var(--code-name)' },
  { tag: tags.string, color: 'var(--code-text)' },
  { tag: tags.number, color: 'var(--code-number)' },
  { tag: [tags.bool, tags.null, tags.keyword], color: 'var(--code-word)' },
  { tag: tags.punctuation, color: 'var(--dim)' },
])

export const codeTheme = EditorView.theme({
  '&': { fontSize: '12.5px', backgroundColor: 'var(--sunken)', color: 'var(--text)', borderRadius: '8px' },
  '&.cm-focused': { outline: '2px solid var(--accent)', outlineOffset: '-1px' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.55', overflow: 'auto' },
  '.cm-gutters': { backgroundColor: 'transparent', color: 'var(--dim)', border: 'none' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'color-mix(in srgb, var(--accent) 6%, transparent)' },
  '.cm-content': { caretColor: 'var(--text)' },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '.cm-selectionBackground, &.cm-focused .cm-selectionBackground': {
    backgroundColor: 'color-mix(in srgb, var(--accent) 24%, transparent) !important',
  },
  '.cm-panels': { backgroundColor: 'var(--raised)', color: 'var(--text)', borderBottom: '1px solid var(--line)' },
  '.cm-panel.cm-search': { padding: '6px 26px 6px 8px', fontFamily: 'var(--mantine-font-family)' },
  '.cm-panel.cm-search label': { fontSize: '12px', marginInlineEnd: '8px' },
  '.cm-panel.cm-search .cm-textfield, .cm-panel.cm-search .cm-button': {
    height: '26px',
    padding: '0 8px',
    border: '1px solid var(--line-strong)',
    borderRadius: '5px',
    background: 'var(--surface)',
    color: 'var(--text)',
    fontSize: '12px',
  },
  '.cm-panel.cm-search [name=close]': { fontSize: '18px', color: 'var(--dim)', cursor: 'pointer' },
  '.cm-tooltip': { backgroundColor: 'var(--raised)', border: '1px solid var(--line-strong)', borderRadius: '6px' },
  '.cm-foldPlaceholder': { backgroundColor: 'var(--idle-soft)', border: 'none', color: 'var(--text)' },
})

const parse = jsonParseLinter()
// An empty field is no wrong JSON: what it means is for the form to say.
const jsonProblems = (view: EditorView) => (view.state.doc.length === 0 ? [] : parse(view))

const LONG = 256 * 1024
const wrapping = new Compartment()

/** A long text is not wrapped: heights that are only estimated would lead a search to the wrong place. */
const wrapped = (text: string): Extension => (text.length > LONG ? [] : EditorView.lineWrapping)

function build(props: CodeProps, changed: (text: string) => void): Extension[] {
  const isReadOnly = !props.onChange
  const height = { minHeight: props.minHeight ?? '0', maxHeight: props.maxHeight ?? '60vh' }
  return [
    EditorView.cspNonce.of(nonce),
    codeTheme,
    EditorView.theme({ '.cm-scroller': height }),
    syntaxHighlighting(colours),
    // Marks control and direction characters instead of obeying them.
    highlightSpecialChars({ addSpecialChars: /[\u200b-\u200f\u202a-\u202e\u2060-\u2069]/g }),
    lineNumbers(),
    foldGutter(),
    bracketMatching(),
    highlightSelectionMatches(),
    search({ top: true }),
    farScroll,
    wrapping.of(wrapped(props.value)),
    EditorView.contentAttributes.of({ 'aria-label': props.label, tabindex: '0' }),
    keymap.of([...defaultKeymap, ...searchKeymap, ...foldKeymap, ...historyKeymap]),
    isReadOnly
      ? [EditorState.readOnly.of(true), EditorView.editable.of(false)]
      : [history(), indentOnInput(), highlightActiveLine(), typedOver],
    props.language === 'text' ? [] : [json(), ...(isReadOnly ? [] : [linter(jsonProblems)])],
    EditorView.updateListener.of((update) => {
      if (update.docChanged) changed(update.state.doc.toString())
    }),
  ]
}

const extra = new Compartment()

/** CodeMirror with the console's colours. A change of `value` from outside takes the place of the text. */
export default function CodeEditor(props: CodeProps) {
  const host = useRef<HTMLDivElement>(null)
  const view = useRef<EditorView | null>(null)
  const latest = useRef(props)
  useEffect(() => {
    latest.current = props
  })
  const { label, language, onChange } = props
  const isReadOnly = !onChange
  useEffect(() => {
    if (!host.current) return undefined
    const start = latest.current
    const made = new EditorView({
      parent: host.current,
      doc: start.value,
      extensions: [...build(start, (text) => latest.current.onChange?.(text)), extra.of(start.extensions ?? [])],
    })
    view.current = made
    return () => {
      made.destroy()
      view.current = null
    }
  }, [label, language, isReadOnly])
  useEffect(() => {
    const shown = view.current
    if (!shown || shown.state.doc.toString() === props.value) return
    shown.dispatch({
      changes: { from: 0, to: shown.state.doc.length, insert: props.value },
      effects: wrapping.reconfigure(wrapped(props.value)),
    })
  }, [props.value])
  useEffect(() => {
    view.current?.dispatch({ effects: extra.reconfigure(props.extensions ?? []) })
  }, [props.extensions])
  return <div ref={host} />
}
