import { useEffect, useRef } from 'react'

export type Keys = Record<string, (event: KeyboardEvent) => void>

const SWITCH = 'workflows.keys'

/** Single letters act unless the person has switched them off (WCAG 2.1.4). */
export const areKeysOn = () => localStorage.getItem(SWITCH) !== 'off'
export const setKeysOn = (isOn: boolean) => localStorage.setItem(SWITCH, isOn ? 'on' : 'off')

const isField = (target: EventTarget | null) =>
  target instanceof HTMLElement &&
  (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName) || target.closest('.cm-editor'))

const isOverlaid = () => document.querySelector('[role=dialog][aria-modal=true]') !== null

/** Letters of this page, also after a leader as `g r`. They do nothing in fields and below a dialog. */
export function useKeys(keys: Keys) {
  const latest = useRef(keys)
  useEffect(() => {
    latest.current = keys
  })
  useEffect(() => {
    let leader = ''
    let forget: ReturnType<typeof setTimeout> | undefined
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return
      if (isField(event.target) || isOverlaid() || !areKeysOn()) return
      const name = leader ? `${leader} ${event.key}` : event.key
      leader = ''
      clearTimeout(forget)
      const act = Object.hasOwn(latest.current, name) ? latest.current[name] : undefined
      if (act) {
        event.preventDefault()
        act(event)
      } else if (Object.keys(latest.current).some((key) => key.startsWith(`${event.key} `))) {
        leader = event.key
        forget = setTimeout(() => (leader = ''), 1500)
      }
    }
    window.addEventListener('keydown', press)
    return () => {
      window.removeEventListener('keydown', press)
      clearTimeout(forget)
    }
  }, [])
}
