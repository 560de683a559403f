import { useSyncExternalStore } from 'react'

let asked = 0
const listeners = new Set<() => void>()

/** Asks for the command palette, which is loaded when it is wanted first. */
export function askPalette() {
  asked++
  listeners.forEach((listener) => listener())
}

const subscribe = (listener: () => void) => {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** How often it was asked for: 0 means that it need not be there yet. */
export const usePaletteAsked = () => useSyncExternalStore(subscribe, () => asked)

window.addEventListener('keydown', (event) => {
  if (event.key.toLowerCase() !== 'k' || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return
  event.preventDefault()
  askPalette()
})
