import type { Field } from '../../ui/fields'

export const PLACE_FIELDS: Field[] = [
  { name: 'category', label: 'Category', placeholder: 'billing' },
  { name: 'tags', label: 'Tags', kind: 'tags' },
]

export const ARTICLE_FIELDS: Field[] = [
  { name: 'title', label: 'Title', required: true },
  {
    name: 'content',
    label: 'Text',
    kind: 'textarea',
    rows: 22,
    help: 'Markdown. Headings become places that searches lead to.',
  },
  ...PLACE_FIELDS,
  { name: 'sourceUrl', label: 'Where it comes from', placeholder: 'https://' },
]
