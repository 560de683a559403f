export const text = {
  title: 'Workflows',
  empty: 'No workflow is here',
  emptyText: 'A workflow says what to do, step by step, and what starts it.',
  create: 'New workflow',
  publish: 'Publish',
  publishText: (version: number) => `Version ${version} takes over. Runs that have begun go on with theirs.`,
  notPublished: 'Not published: it does not start by itself.',
  start: 'Run',
  startTitle: (name: string) => `Run ${name}`,
  deleteText: 'It goes to the trash, from where it can be had back for a while. What refers to it is named first.',
  restoreText: (number: number) => `A new version is made that equals version ${number}. Nothing is lost.`,
  noTriggers: 'Nothing starts it by itself',
  noTriggersText:
    'It runs when somebody asks for it, here or over the API. Events, schedules and webhooks are triggers of its definition.',
  noVersions: 'No version yet',
}
