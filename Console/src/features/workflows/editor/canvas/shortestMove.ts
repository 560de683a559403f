interface Box {
  x: number
  y: number
  width: number
  height: number
}

const MARGIN = 24

/** How far one side of a box must move to lie within the other's, with a margin where there is room for it. */
function along(at: number, size: number, from: number, room: number): number | null {
  const margin = Math.min(MARGIN, (room - size) / 2)
  if (margin < 0 || at + size < from - room || at > from + 2 * room) return null
  if (at < from + margin) return from + margin - at
  return Math.min(0, from + room - margin - (at + size))
}

/**
 * The least move that brings a box within a window, in the pixels of both, so that what is around it stays in sight.
 * Null when the box does not fit, or is more than a window away.
 */
export function shortestMove(box: Box, window: Box): { x: number; y: number } | null {
  const x = along(box.x, box.width, window.x, window.width)
  const y = along(box.y, box.height, window.y, window.height)
  return x === null || y === null ? null : { x, y }
}
