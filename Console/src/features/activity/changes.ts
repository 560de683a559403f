import diff from 'microdiff'

export interface Change {
  path: string
  before: unknown
  after: unknown
}

const MOST = 200
const asObject = (value: unknown) =>
  (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>

/** The members that differ between what was recorded before and after. */
export function changesOf(before: unknown, after: unknown): Change[] {
  return diff(asObject(before), asObject(after))
    .slice(0, MOST)
    .map((one) => ({
      path: one.path.join('.'),
      before: one.type === 'CREATE' ? undefined : one.oldValue,
      after: one.type === 'REMOVE' ? undefined : one.value,
    }))
}
