/** Somebody who has the same workflow open. */
export interface Present {
  connection: string
  actorId: string
  name: string
  /** The node that is chosen there. */
  node: string | null
  at: number
}

export const SAY_AGAIN_MS = 60_000
/** Who has said nothing for so long is gone, also where the connection could not say so. */
export const GONE_MS = 150_000
const LONGEST = 100

const asText = (value: unknown) => (typeof value === 'string' && value ? value.slice(0, LONGEST) : null)

/** Who is there after a message. What others send is not trusted to have any form. */
export function heard(
  present: readonly Present[],
  type: string,
  data: Record<string, unknown>,
  now: number,
): readonly Present[] {
  const connection = asText(data.connection)
  const actorId = asText(data.actorId)
  if (type === 'reset') return []
  if (!connection || !actorId) return present
  const others = present.filter((one) => one.connection !== connection && now - one.at < GONE_MS)
  if (type === 'presence.left') return others
  if (type !== 'presence.joined' && type !== 'presence.changed') return present
  const state = typeof data.state === 'object' && data.state !== null ? (data.state as { node?: unknown }) : {}
  return [...others, { connection, actorId, name: asText(data.actor) ?? 'Somebody', node: asText(state.node), at: now }]
}

/** One for each person, of several windows the one that spoke last; never oneself. */
export function people(present: readonly Present[], me: string | undefined, now: number): Present[] {
  const byPerson = new Map<string, Present>()
  for (const one of present) {
    if (one.actorId === me || now - one.at >= GONE_MS) continue
    const known = byPerson.get(one.actorId)
    if (!known || known.at <= one.at) byPerson.set(one.actorId, one)
  }
  return [...byPerson.values()].sort((a, b) => a.name.localeCompare(b.name))
}

const lettersOf = (word: string | undefined) => Array.from(word ?? '')

/** Two letters for a name or a mail address. */
export function initialsOf(name: string): string {
  const words = (name.split('@')[0] ?? '').split(/[^\p{L}\p{N}]+/u).filter(Boolean)
  const ends = words.length > 1 ? [words[0], words.at(-1)].flatMap((word) => lettersOf(word).slice(0, 1)) : null
  return (ends ?? lettersOf(words[0] ?? '?').slice(0, 2)).join('').toUpperCase()
}
