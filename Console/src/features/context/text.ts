export const text = {
  title: 'Context',
  sub: 'Entries that workflows keep beyond a run, and read again in another.',
  empty: 'Nothing is kept',
  emptyText: 'The node store writes entries here; you may, too.',
}
