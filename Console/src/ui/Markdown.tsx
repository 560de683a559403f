import { lazy, Suspense } from 'react'
import { safeHref, safeText } from './safe'

const ReactMarkdown = lazy(() => import('react-markdown'))

/** Text of others as Markdown: no HTML, no pictures from elsewhere, links only where they may lead. */
export function Markdown({ children }: { children: string }) {
  return (
    <Suspense fallback={<p>{safeText(children)}</p>}>
      <ReactMarkdown
        components={{
          img: ({ alt }) => <span>[{alt || 'picture'}]</span>,
          a: ({ href, children: words }) => {
            const address = safeHref(href)
            if (!address) return <span>{words}</span>
            const host = address.startsWith('/') ? '' : ` (${address.replace(/^\w+:\/*/, '').split('/')[0]})`
            return (
              <a href={address} rel="noopener noreferrer" target={host ? '_blank' : undefined}>
                {words}
                {host}
              </a>
            )
          },
        }}
      >
        {safeText(children)}
      </ReactMarkdown>
    </Suspense>
  )
}
