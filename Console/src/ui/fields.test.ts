// @vitest-environment node
import { describe, expect, it } from 'vitest'
import { type Field, problemsOf, readValues, startValues } from './fields'
import { schemaFields } from './schemaFields'

const FIELDS: Field[] = [
  { name: 'name', label: 'Name', required: true },
  { name: 'note', label: 'Note' },
  { name: 'data', label: 'Data', kind: 'json' },
  { name: 'limit', label: 'Limit', kind: 'number', when: (values) => values.name === 'x' },
]

describe('a form', () => {
  it('sends what was given and leaves out what is empty', () => {
    const reading = readValues(FIELDS, { name: 'a', note: '', data: '{"b": [1]}', limit: 5 })
    expect(reading).toEqual({ body: { name: 'a', data: { b: [1] } }, problems: {} })
  })

  it('says what is missing, and what is no JSON', () => {
    const { problems } = readValues(FIELDS, { data: '{' })
    expect(problems.name).toBe('Name is needed.')
    expect(problems.data).toMatch(/JSON/)
  })

  it('begins with what is there', () => {
    expect(startValues(FIELDS, { name: 'n', data: { a: 1 } })).toMatchObject({ name: 'n', data: '{\n  "a": 1\n}' })
  })

  it('shows a refusal at the field that it names', () => {
    const detail = (pointer: string) => ({ pointer, code: 'VALUE', message: 'too long', hint: 'cut it' })
    expect(problemsOf(FIELDS, [detail('/name'), detail('/data/b/0'), detail('/other')])).toEqual({
      name: 'too long cut it',
      data: 'too long cut it',
    })
  })
})

describe('a form from a schema', () => {
  it('has an input for each kind', () => {
    const fields = schemaFields({
      type: 'object',
      required: ['id', 'on'],
      properties: {
        id: { type: 'integer', minimum: 1 },
        text: { type: ['string', 'null'], title: 'Words' },
        on: { type: 'boolean' },
        kind: { type: 'string', enum: ['a', 'b'], default: 'b' },
        at: { type: 'string', format: 'date-time' },
        list: { type: 'array', default: [1] },
      },
    })
    expect(fields?.map((field) => [field.name, field.kind, field.required])).toEqual([
      ['id', 'number', true],
      ['text', 'text', false],
      ['on', 'switch', false],
      ['kind', 'select', false],
      ['at', 'datetime', false],
      ['list', 'json', false],
    ])
    expect(fields?.[3]?.standard).toBe('b')
    expect(fields?.[5]?.standard).toBe('[\n  1\n]')
  })

  it('is none where the input is no object with named members', () => {
    expect(schemaFields(undefined)).toBeNull()
    expect(schemaFields({ type: 'string' })).toBeNull()
  })
})
