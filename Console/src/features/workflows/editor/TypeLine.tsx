import { NodeIcon } from '../../../ui/graph/NodeIcon'
import { classes } from './classes'
import type { NodeType } from './model/nodeTypes'
import { CATEGORY_NAMES, PHRASES } from './text'

const ORDER = ['control', 'data', 'outside', 'wait', 'ai', 'custom']

export function TypeLine({ type }: { type: NodeType }) {
  return (
    <>
      <span className={classes.pickIcon} data-category={type.category}>
        <NodeIcon type={type.name} size={16} />
      </span>
      <span className={classes.pickText}>
        <span className={classes.pickName}>
          {PHRASES[type.name] ?? type.name.replace(/^custom:/, '')} <code>{type.name}</code>
        </span>
        <span className={classes.pickHelp}>{type.summary.split('. ')[0]?.slice(0, 120)}</span>
      </span>
    </>
  )
}

/** Node types with all the words, those whose name begins with them first. */
export function findTypes(types: Iterable<NodeType>, query: string): NodeType[] {
  const words = query.split(/\s+/).filter(Boolean)
  const rank = (type: NodeType) => {
    const name = type.name.toLowerCase()
    if (query !== '' && name.startsWith(query)) return 0
    return (PHRASES[type.name] ?? '').toLowerCase().startsWith(query) && query !== '' ? 1 : 2
  }
  const matches = [...types].filter((type) => {
    const all =
      `${type.name} ${PHRASES[type.name] ?? ''} ${CATEGORY_NAMES[type.category] ?? ''} ${type.summary}`.toLowerCase()
    return words.every((word) => all.includes(word))
  })
  const place = (type: NodeType) => ORDER.indexOf(type.category)
  return matches.toSorted((one, other) => rank(one) - rank(other) || place(one) - place(other))
}
