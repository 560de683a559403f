import { describe, expect, it } from 'vitest'
import { withPreference } from '../../api/preferences'
import type { WorkflowItem } from '../../api/schema.gen'
import { curlOf, firstOf, sampleOf, stepsOf } from './firstSteps'

const workflow = (id: string, createdBy: string | null, publishedVersion: number | null = null) =>
  ({ id, createdBy, publishedVersion }) as WorkflowItem

describe('the first steps', () => {
  it('are about the first workflow that a person made', () => {
    const list = [workflow('c', 'ann'), workflow('b', 'ann'), workflow('a', null)]
    expect(firstOf(list)).toEqual({ workflow: list[1], isPast: false })
    expect(firstOf([workflow('a', null)]).workflow).toBeNull()
    expect(firstOf(['d', 'c', 'b', 'a'].map((id) => workflow(id, 'ann'))).isPast).toBe(true)
  })

  it('are done by what is there', () => {
    const done = (seen: Parameters<typeof stepsOf>[0]) =>
      stepsOf(seen)
        .filter((step) => step.isDone)
        .map((step) => step.name)
    const one = workflow('a', 'ann')
    expect(done({ workflow: null, nodes: 0, hasTest: false, hasRun: false })).toEqual([])
    expect(done({ workflow: one, nodes: 1, hasTest: false, hasRun: false })).toEqual(['start'])
    expect(done({ workflow: one, nodes: 2, hasTest: true, hasRun: false })).toEqual(['start', 'nodes', 'test'])
    expect(done({ workflow: workflow('a', 'ann', 1), nodes: 2, hasTest: false, hasRun: true })).toEqual([
      'start',
      'nodes',
      'publish',
      'call',
    ])
  })

  it('have an input that fits, in a line that a shell reads as it stands', () => {
    const schema = {
      type: 'object',
      required: ['id', 'amount', 'level', 'lines'],
      properties: {
        id: { type: 'string' },
        amount: { type: 'number', minimum: 5 },
        level: { enum: ["it's", 'b'] },
        lines: { type: 'array', items: { type: 'boolean' } },
        more: { type: 'string' },
      },
    }
    const input = sampleOf(schema)
    expect(input).toEqual({ id: 'text', amount: 5, level: "it's", lines: [true] })
    expect(sampleOf(undefined)).toEqual({})
    expect(curlOf('https://flows.example', 'w1', input)).toContain(
      `-d '{"input":{"id":"text","amount":5,"level":"it'\\''s","lines":[true]}}'`,
    )
  })

  it('are hidden without touching what others keep in the settings', () => {
    const hidden = withPreference({ other: 1, console: { theme: 'x' } }, 'firstWorkflow', 'hidden')
    expect(hidden).toEqual({ other: 1, console: { theme: 'x', firstWorkflow: 'hidden' } })
    expect(withPreference(hidden, 'firstWorkflow', undefined)).toEqual({ other: 1, console: { theme: 'x' } })
    expect(withPreference(null, 'firstWorkflow', 'hidden')).toEqual({ console: { firstWorkflow: 'hidden' } })
  })
})
