import { memo, type ReactNode, useEffect } from 'react'
import { Markdown } from '../../ui/Markdown'
import { safeText } from '../../ui/safe'
import { ScrollRegion } from '../../ui/ScrollRegion'
import classes from './Knowledge.module.css'
import { type Piece, piecesOf } from './sections'
import { text } from './text'

function Table({ piece }: { piece: Extract<Piece, { kind: 'table' }> }) {
  const [head, ...rest] = piece.rows
  const body = piece.hasHead ? rest : piece.rows
  return (
    <ScrollRegion label="Table">
      <table className={classes.table}>
        {piece.hasHead && (
          <thead>
            <tr>
              {head?.map((cell, at) => (
                <th key={at} scope="col">
                  {safeText(cell)}
                </th>
              ))}
            </tr>
          </thead>
        )}
        <tbody>
          {body.map((row, at) => (
            <tr key={at}>
              {row.map((cell, column) => (
                <td key={column}>{safeText(cell)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollRegion>
  )
}

function shown(piece: Piece): ReactNode {
  switch (piece.kind) {
    case 'heading': {
      // The page's own heading is the first: those of the article begin below it.
      const Level = `h${Math.min(6, piece.level + 1)}` as 'h2'
      return <Level id={piece.slug || undefined}>{safeText(piece.text)}</Level>
    }
    case 'page':
      return (
        <p className={classes.pageMark} id={`page-${piece.page}`}>
          {text.page(piece.page)}
        </p>
      )
    case 'table':
      return <Table piece={piece} />
    default:
      return <Markdown>{piece.text}</Markdown>
  }
}

/** An article as it reads. Nothing in it is taken for HTML. */
export const ArticleText = memo(function ArticleText({ content }: { content: string }) {
  useEffect(() => {
    const wanted = decodeURIComponent(window.location.hash.slice(1))
    if (wanted) document.getElementById(wanted)?.scrollIntoView()
  }, [content])
  return (
    <div className={classes.article}>
      {piecesOf(content).map((piece, at) => (
        <div key={at}>{shown(piece)}</div>
      ))}
    </div>
  )
})
