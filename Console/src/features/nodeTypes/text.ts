export const text = {
  title: 'Node types',
  sub: 'What workflows are made of.',
  own: 'Own node types',
  noOwn: 'No node type of your own',
  noOwnText: 'A node definition puts nodes together under a name, with parameters of its own.',
}
