import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Plugin } from 'vite'

/** The policy that the API sends with index.html. */
export const policy = (nonce: string) =>
  [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "worker-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')

const SERVED_ELSEWHERE = /^\/(api|openapi|assets|health)\b|\.[a-z0-9]+$/i

/** `vite preview` answers as the API does: index.html for each page, with a nonce and the strict policy. */
export function strictPreview(): Plugin {
  return {
    name: 'strict-preview',
    configurePreviewServer(server) {
      const file = join(server.config.root, server.config.build.outDir, 'index.html')
      server.middlewares.use((request, response, next) => {
        const path = (request.url ?? '/').split('?')[0] ?? '/'
        if (SERVED_ELSEWHERE.test(path)) return next()
        const nonce = randomBytes(18).toString('base64')
        readFile(file, 'utf8').then((html) => {
          response.setHeader('Content-Type', 'text/html; charset=utf-8')
          response.setHeader('Cache-Control', 'no-store')
          response.setHeader('Content-Security-Policy', policy(nonce))
          response.setHeader('X-Content-Type-Options', 'nosniff')
          response.setHeader('Referrer-Policy', 'no-referrer')
          response.end(html.replaceAll('__CSP_NONCE__', nonce))
        }, next)
      })
    },
  }
}
