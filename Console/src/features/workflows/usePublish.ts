import { useQueryClient } from '@tanstack/react-query'
import { send } from '../../api/client'
import { invalidate } from '../../api/queries'
import type { WorkflowView } from '../../api/schema.gen'
import { useConfirm } from '../../ui/Confirm'
import { tellDone } from '../../ui/notify'
import { text } from './text'

/** Asks, and then publishes a version: the draft's where none is named. */
export function usePublish(workflow: WorkflowView | undefined) {
  const confirm = useConfirm()
  const client = useQueryClient()
  return (number?: number) =>
    workflow &&
    confirm({
      title: `${text.publish} ${workflow.name}`,
      body: text.publishText(number ?? workflow.draftVersion),
      act: text.publish,
      run: async () => {
        await send('POST', `/workflows/${workflow.id}/publish`, {
          body: number ? { version: number } : {},
          ifMatch: workflow.version,
        })
        tellDone(`${workflow.name} was published.`)
        await invalidate(client, ['/workflows'])
      },
    })
}
