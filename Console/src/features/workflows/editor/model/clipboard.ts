import type { Clip } from './operations'
import { whyNotDrawn } from './definition'

const MARK = 'workflows.clipboard'

export const clipText = (clip: Clip) => JSON.stringify({ [MARK]: 1, ...clip }, null, 2)

/** What a text from the clipboard holds: nodes of an editor, or a whole definition. Null when it is neither. */
export function readClip(text: string): Clip | null {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // Any text may be on the clipboard: one that is no JSON is nothing to paste here.
    return null
  }
  if (whyNotDrawn(value) !== null) return null
  const { nodes, edges, ...rest } = value as Partial<Clip> & Record<string, unknown>
  const isOurs = rest[MARK] === 1 || rest.schema === 1
  return isOurs && nodes && nodes.length > 0 ? { nodes, edges: edges ?? [] } : null
}
