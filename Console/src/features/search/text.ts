export const text = {
  title: 'Search',
  empty: 'Search what there is',
  emptyText: [
    'Workflows, their nodes, failed runs and articles are found by their words and by what they mean.',
    '“…” wants words in this order, + and - want and refuse a word, refun* begins one;',
    'type: tag: after: before: narrow.',
  ].join(' '),
  none: (query: string) => `Nothing was found for “${query}”`,
  noneText: 'Words and meaning were searched.',
  noneAlike: 'Nothing is like it',
  likeTitle: 'More like this',
  moreLike: 'More like this',
  alike: (count: number) => `and ${count.toLocaleString('en')} alike`,
  before: 'Back',
  after: 'On',
  page: (page: number, last: number) => `Page ${page} of ${last}`,
  words: 'Only words were searched now.',
}
