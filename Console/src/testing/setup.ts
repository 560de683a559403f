import { cleanup } from '@testing-library/react'
import { afterEach } from 'vitest'

// jsdom has neither: components ask the window for its scheme, and tables for their size.
if (typeof window !== 'undefined') stub()

function stub() {
  window.matchMedia ??= (query: string) =>
    ({ matches: false, media: query, addEventListener: () => undefined, removeEventListener: () => undefined }) as never
  window.ResizeObserver ??= class {
    observe() {}
    unobserve() {}
    disconnect() {}
  }
}

afterEach(cleanup)
