export const text = {
  title: 'Models',
  sub: 'Language models that nodes, prompt cards and chats ask: what they cost, how often they may be asked.',
  empty: 'No model is registered',
  emptyText: 'Set up a connector of the type "model" first; then register the models that your provider has.',
  deleteText: 'What it cost stays. Workflows that name it must be changed first.',
  noCalls: 'No model has been asked yet',
  noCost: 'Nothing was spent in the last 30 days',
}
