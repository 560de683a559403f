import type { GraphModel } from '../ui/graph/model'
import { layout } from './layout'

self.addEventListener('message', (message: MessageEvent<{ id: number; model: GraphModel }>) => {
  self.postMessage({ id: message.data.id, places: layout(message.data.model) })
})
