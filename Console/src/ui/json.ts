import type { JsonAnswer } from '../workers/json.worker'

const DIRECT = 64 * 1024
let worker: Worker | null = null
let count = 0
const waiting = new Map<number, (answer: JsonAnswer) => void>()

function started(): Worker {
  if (worker) return worker
  worker = new Worker(new URL('../workers/json.worker.ts', import.meta.url), { type: 'module' })
  worker.addEventListener('message', (message: MessageEvent<JsonAnswer>) => {
    waiting.get(message.data.id)?.(message.data)
    waiting.delete(message.data.id)
  })
  return worker
}

/** The JSON text with line breaks and indentation; texts that take long are formatted in a worker. */
export async function prettyJson(text: string): Promise<string> {
  if (text.length <= DIRECT) return JSON.stringify(JSON.parse(text), null, 2)
  const id = ++count
  const answer = await new Promise<JsonAnswer>((resolve) => {
    waiting.set(id, resolve)
    started().postMessage({ id, text })
  })
  if (answer.pretty === null) throw new Error(answer.message ?? 'This is no JSON.')
  return answer.pretty
}
