export const text = {
  title: 'Search',
  empty: 'Search what there is',
  emptyText: 'Workflows, runs, events and what else was stored are found by their words and by what they mean.',
  none: (query: string) => `Nothing was found for “${query}”`,
  noneText: 'Words and meaning were searched.',
  words: 'Only words were searched now.',
}
