export const text = {
  title: 'Events',
  empty: 'No event has come',
  emptyText:
    'Events start workflows, wake what waits, and are looked at by rules. They are sent to POST /api/v1/events.',
  explain: 'Why it did, or did not',
  explainText: 'As triggers and rules are now, which may differ from when it came.',
  route: 'Route again',
  routeText: 'It is looked at by all triggers, rules and waits once more. What it did before is not done again.',
  noMisses: 'No other trigger or rule is for events of this type.',
}
