import { useMemo } from 'react'
import { send } from '../../../api/client'
import { toApiError } from '../../../api/errors'
import { tellDone, tellError } from '../../../ui/notify'
import { type EditorContextValue, useEditorContext, useView } from './context'

interface PinsView {
  version: number
  pins: Record<string, unknown>
}

export async function readPins({ workflow, view }: Pick<EditorContextValue, 'workflow' | 'view'>) {
  try {
    const { data } = await send<PinsView>('GET', `/workflows/${workflow.id}/pins`)
    view.setState({ pins: data.pins, pinsVersion: data.version })
  } catch (error) {
    if (toApiError(error).status !== 404) tellError(toApiError(error))
  }
}

/** Outputs that tests take instead of executing nodes: shared by all who edit the workflow. */
export function usePins() {
  const { workflow, view, mayEdit } = useEditorContext()
  const canPin = useView((state) => state.pins !== null) && mayEdit
  return useMemo(() => {
    const put = async (pins: Record<string, unknown>, done: string) => {
      try {
        const { data } = await send<PinsView>('PUT', `/workflows/${workflow.id}/pins`, {
          body: { pins },
          ifMatch: view.getState().pinsVersion,
        })
        view.setState({ pins: data.pins, pinsVersion: data.version })
        tellDone(done)
      } catch (error) {
        const failure = toApiError(error)
        // Somebody else pinned meanwhile: theirs are read, and this one is for the person to repeat.
        if (failure.status === 412) await readPins({ workflow, view })
        tellError(failure)
      }
    }
    return {
      canPin,
      pin: (node: string, output: unknown) =>
        put({ ...view.getState().pins, [node]: output }, `The output of ${node} is pinned.`),
      unpin: (node: string) => {
        const { [node]: _, ...rest } = view.getState().pins ?? {}
        return put(rest, `The output of ${node} is not pinned any more.`)
      },
    }
  }, [canPin, view, workflow])
}
