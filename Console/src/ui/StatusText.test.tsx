import { render, screen } from '@testing-library/react'
import { describe, expect, it } from 'vitest'
import { StatusText, statusLook } from './StatusText'

const STATUSES = ['queued', 'running', 'waiting', 'paused', 'held', 'completed', 'failed', 'cancelled', 'timed_out']

describe('a status', () => {
  it.each(STATUSES)('has a word, an icon and a colour: %s', (status) => {
    const look = statusLook(status)
    expect(look.word.toLowerCase()).toBe(status.replace('_', ' '))
    expect(look.icon).toBeTruthy()
  })

  it('is told apart by its icon alone', () => {
    expect(new Set(STATUSES.map((status) => statusLook(status).icon)).size).toBe(STATUSES.length)
  })

  it('that is not known is shown as it is called, also one named as a member of all objects', () => {
    render(<StatusText status="constructor" />)
    expect(screen.getByText('Constructor')).toBeTruthy()
    expect(statusLook('brand_new').word).toBe('Brand new')
  })
})
