import { arrange, type ArrangeGraph } from './arrange'

self.addEventListener('message', (message: MessageEvent<{ id: number; graphs: ArrangeGraph[] }>) => {
  self.postMessage({ id: message.data.id, places: arrange(message.data.graphs) })
})
