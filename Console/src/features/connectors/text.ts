export const text = {
  title: 'Connectors',
  sub: 'How workflows reach other systems: addresses and credentials in one place, named by nodes.',
  empty: 'No connector is set up',
  emptyText: 'A connector keeps the address and the credentials of a system, so that no workflow has to.',
  deleteText: 'Nodes that name it fail until there is another of the name.',
}
