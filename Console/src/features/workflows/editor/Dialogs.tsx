import { useCallback } from 'react'
import { useEditorContext, useView } from './context'
import { Popups } from './Popups'
import { MergeDialog, SaveDialog } from './SaveDialogs'
import { TestDialog } from './TestDialog'
import type { Saving } from './useSaving'
import { useTestStart } from './useTest'

/** What stands over the editor: searches, and the dialogs of saving and testing. */
export function Dialogs({ saving, isOffered }: { saving: Saving; isOffered: boolean }) {
  const { view } = useEditorContext()
  const popup = useView((state) => state.popup)
  const start = useTestStart(isOffered, saving.save)
  const close = useCallback(() => view.setState({ popup: null }), [view])
  return (
    <>
      <Popups popup={popup} close={close} />
      {popup?.kind === 'test' && <TestDialog popup={popup} isOffered={isOffered} start={start} close={close} />}
      {popup?.kind === 'save' && <SaveDialog saving={saving} publish={popup.publish} close={close} />}
      {popup?.kind === 'merge' && saving.theirs && <MergeDialog saving={saving} theirs={saving.theirs} close={close} />}
    </>
  )
}
