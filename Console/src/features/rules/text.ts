export const text = {
  title: 'Rules',
  empty: 'No rule is set',
  emptyText:
    'A rule looks at events: when its condition holds, it starts workflows, sends further events or tells people.',
  help: 'An expression over event, as event.data.total > 1000. Empty: each event of the type.',
  testText: 'Says what the rule would do with an event, and does nothing.',
}

export const example = [
  {
    type: 'notify',
    roles: ['owner'],
    title: 'A large order',
    body: '{{ event.subject }} is worth {{ event.data.total }}',
  },
]
