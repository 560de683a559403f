import type { NodeDef, XY } from './definition'
import { ERROR, type NodeTypes, portsOf } from './nodeTypes'

/** Sizes are reckoned, not measured: the canvas, its edges and the layout agree before anything is drawn. */
export const NODE_WIDTH = 216
const NODE_HEIGHT = 56
const PORT_STEP = 24
/** The bar of a loop, and where its body begins below it. */
export const GROUP_BAR = 52
export const GROUP_HEAD = 78
export const GROUP_PAD = 30
/** Right of a body there is room for the button that adds a node. */
const GROUP_END = 66
export const EMPTY_BODY = { width: 260, height: 96 }

export interface Size {
  width: number
  height: number
}

/** A node without what its body adds. */
export function plainSize(node: NodeDef, types: NodeTypes): Size {
  const count = portsOf(node, types).filter((port) => port !== ERROR).length
  return { width: NODE_WIDTH, height: Math.max(NODE_HEIGHT, 16 + count * PORT_STEP) }
}

export type Place = XY & Size

/** A loop around the places of its body, which are relative to it. */
export function groupSize(inner: readonly Place[]): Size {
  if (inner.length === 0)
    return { width: EMPTY_BODY.width + GROUP_PAD * 2, height: EMPTY_BODY.height + GROUP_HEAD + GROUP_PAD }
  const right = Math.max(...inner.map((place) => place.x + place.width))
  const bottom = Math.max(...inner.map((place) => place.y + place.height))
  return {
    width: Math.max(NODE_WIDTH, right + GROUP_END),
    height: Math.max(GROUP_HEAD + GROUP_PAD, bottom + GROUP_PAD),
  }
}
