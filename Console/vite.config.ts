import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'
import { compress } from './build/compress.ts'
import { platform } from './build/platform.ts'
import { strictPreview } from './build/strictPreview.ts'

const root = import.meta.dirname
const target = platform(root)?.api ?? 'http://127.0.0.1:8080'
// The socket refuses pages of other origins: the proxy speaks as the platform's own page.
const forward = { target, changeOrigin: true, ws: true, rewriteWsOrigin: true, headers: { origin: target } }
const proxy = { '/api': forward, '/openapi': { target, changeOrigin: true }, '/health': { target, changeOrigin: true } }

export default defineConfig({
  root,
  plugins: [react(), compress(), strictPreview()],
  build: { modulePreload: { polyfill: false }, assetsInlineLimit: 0, manifest: true, target: 'es2023' },
  worker: { format: 'es' },
  server: { host: '127.0.0.1', port: 5173, proxy },
  preview: { host: '127.0.0.1', port: 4173, proxy },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          environment: 'jsdom',
          include: ['src/**/*.test.{ts,tsx}'],
          setupFiles: ['src/testing/setup.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          environment: 'node',
          include: ['e2e/**/*.e2e.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
