import { createElement } from 'react'
import { nodeIcon } from './nodeIcon'

export const NodeIcon = ({ type, size, className }: { type: string; size: number; className?: string }) =>
  createElement(nodeIcon(type), { size, className, 'aria-hidden': true })
