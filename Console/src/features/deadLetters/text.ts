export const text = {
  title: 'Dead letters',
  empty: 'Nothing was set aside',
  emptyText: 'What failed for good, after all its attempts, is kept here until somebody sends it on or discards it.',
  redrive: 'The run goes on from what failed.',
  discard: 'It stays failed, and leaves this list.',
}
