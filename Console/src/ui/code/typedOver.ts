import type { Extension } from '@codemirror/state'
import { EditorView } from '@codemirror/view'

/**
 * Puts what is typed in the place of the selection itself. Left to the browser, the text that stays is wrapped in style
 * attributes, which the page's policy refuses and reports.
 */
export const typedOver: Extension = EditorView.domEventHandlers({
  beforeinput(event, view) {
    const { main, ranges } = view.state.selection
    if (event.inputType !== 'insertText' || !event.data || view.composing || view.state.readOnly) return false
    if (ranges.length > 1 || main.empty) return false
    const text = event.data
    const insert = () => view.state.update(view.state.replaceSelection(text), { userEvent: 'input.type' })
    const handlers = view.state.facet(EditorView.inputHandler)
    if (!handlers.some((handle) => handle(view, main.from, main.to, text, insert))) view.dispatch(insert())
    event.preventDefault()
    return true
  },
})
