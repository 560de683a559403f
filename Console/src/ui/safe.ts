// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const HIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g
const OPEN_SCHEMES = new Set(['http:', 'https:', 'mailto:'])

/** Shows control and direction characters as `⟨U+202E⟩` instead of obeying them. */
export const safeText = (text: string) =>
  text.replace(HIDDEN, (hit) => `⟨U+${hit.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}⟩`)

/** The address when it may be a link: http, https, mailto, or a path of this console; else null. */
export function safeHref(address: string | null | undefined): string | null {
  if (!address) return null
  if (/^\/(?![/\\])/.test(address)) return address
  try {
    return OPEN_SCHEMES.has(new URL(address).protocol) ? address : null
  } catch {
    return null
  }
}

/** A cell of a CSV file that no spreadsheet takes for a formula. */
export function csvCell(value: unknown): string {
  const text = value === null || value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value)
  const guarded = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return `"${guarded.replaceAll('"', '""')}"`
}

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB']

export function bytesText(bytes: number): string {
  let amount = bytes
  let unit = 0
  while (amount >= 1000 && unit < UNITS.length - 1) {
    amount /= 1000
    unit++
  }
  return `${unit === 0 || amount >= 100 ? Math.round(amount) : amount.toFixed(1)} ${UNITS[unit]}`
}

export const countText = (count: number, one: string, many = `${one}s`) =>
  `${count.toLocaleString('en')} ${count === 1 ? one : many}`
