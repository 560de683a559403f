import { useEffect, useState } from 'react'
import type { Place } from '../../workers/layout'
import type { GraphModel } from './model'

interface Answer {
  id: number
  places: Record<string, Place>
}

let worker: Worker | null = null
let count = 0
const waiting = new Map<number, (answer: Answer) => void>()

function started(): Worker {
  if (worker) return worker
  worker = new Worker(new URL('../../workers/layout.worker.ts', import.meta.url), { type: 'module' })
  worker.addEventListener('message', (message: MessageEvent<Answer>) => {
    waiting.get(message.data.id)?.(message.data)
    waiting.delete(message.data.id)
  })
  return worker
}

export function askLayout(model: GraphModel): Promise<Record<string, Place>> {
  const id = ++count
  return new Promise((resolve) => {
    waiting.set(id, (answer) => resolve(answer.places))
    started().postMessage({ id, model })
  })
}

/** Places of the nodes, found by a worker; null until they are there. */
export function useLayout(model: GraphModel | null) {
  const [found, setFound] = useState<{ model: GraphModel; places: Record<string, Place> } | null>(null)
  useEffect(() => {
    let isWanted = true
    if (model) void askLayout(model).then((places) => isWanted && setFound({ model, places }))
    return () => {
      isWanted = false
    }
  }, [model])
  return found?.model === model ? (found?.places ?? null) : null
}
