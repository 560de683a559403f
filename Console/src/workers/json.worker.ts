export type JsonTask = { id: number; text: string }
export type JsonAnswer = { id: number; pretty: string | null; message: string | null }

/** Formats JSON away from the page's own thread. A text that is no JSON is answered with the reason. */
export function format(text: string): Omit<JsonAnswer, 'id'> {
  try {
    return { pretty: JSON.stringify(JSON.parse(text), null, 2), message: null }
  } catch (error) {
    return { pretty: null, message: error instanceof Error ? error.message : String(error) }
  }
}

if (typeof WorkerGlobalScope !== 'undefined') {
  self.addEventListener('message', (message: MessageEvent<JsonTask>) => {
    self.postMessage({ id: message.data.id, ...format(message.data.text) } satisfies JsonAnswer)
  })
}

declare const WorkerGlobalScope: unknown
