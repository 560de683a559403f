import { type Extension, Prec } from '@codemirror/state'
import { EditorView } from '@codemirror/view'

const SCREENS = 2

/**
 * Goes to a place far away in two steps. The library measures the distance in lines that it has not drawn yet, and ends
 * at the bottom of a long text; near the place it measures right.
 */
export const farScroll: Extension = Prec.highest(
  EditorView.scrollHandler.of((view, range) => {
    const { scrollDOM } = view
    const { top } = view.lineBlockAt(range.head)
    if (Math.abs(top - scrollDOM.scrollTop) < SCREENS * scrollDOM.clientHeight) return false
    scrollDOM.scrollTop = top - scrollDOM.clientHeight / 2
    requestAnimationFrame(() =>
      requestAnimationFrame(() => {
        if (range.head <= view.state.doc.length)
          view.dispatch({ effects: EditorView.scrollIntoView(range.head, { y: 'center' }) })
      }),
    )
    return true
  }),
)
