import type { ArrangeGraph } from './model/arrange'
import type { Place } from './model/sizes'

interface Answer {
  id: number
  places: Record<string, Place>
}

let worker: Worker | null = null
let count = 0
const waiting = new Map<number, (places: Record<string, Place>) => void>()

/** Places of all nodes, found away from the page's own thread. */
export function askArrange(graphs: ArrangeGraph[]): Promise<Record<string, Place>> {
  if (!worker) {
    worker = new Worker(new URL('./model/arrange.worker.ts', import.meta.url), { type: 'module' })
    worker.addEventListener('message', (message: MessageEvent<Answer>) => {
      waiting.get(message.data.id)?.(message.data.places)
      waiting.delete(message.data.id)
    })
  }
  const id = ++count
  const asked = worker
  return new Promise((resolve) => {
    waiting.set(id, resolve)
    asked.postMessage({ id, graphs })
  })
}
