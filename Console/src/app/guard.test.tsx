import type { RouteComponent } from '@tanstack/react-router'
import { MantineProvider } from '@mantine/core'
import { render, screen } from '@testing-library/react'
import { describe, expect, it, vi } from 'vitest'
import { guarded } from './guard'

const { rights } = vi.hoisted(() => ({ rights: new Set<string>() }))
vi.mock('./permissions', () => ({ useMay: () => (needed?: string | null) => !needed || rights.has(needed) }))

function opened(path: string) {
  const drawn = vi.fn<() => void>()
  const Page = (() => {
    drawn()
    return <h1>The page</h1>
  }) as unknown as RouteComponent
  const Guarded = guarded(path, Page)
  render(
    <MantineProvider>
      <Guarded />
    </MantineProvider>,
  )
  return drawn
}

describe('a guarded page', () => {
  it.each(['/secrets', '/rules/$ruleId', '/workflows/$workflowId/edit'])(
    '%s is not drawn without its right',
    (path) => {
      rights.clear()
      expect(opened(path)).not.toHaveBeenCalled()
      screen.getByText(/You need the permission/)
    },
  )

  it('is drawn with it, and where none is needed', () => {
    rights.add('secrets.manage')
    expect(opened('/secrets')).toHaveBeenCalled()
    expect(opened('/me')).toHaveBeenCalled()
    expect(opened('/')).toHaveBeenCalled()
  })
})
