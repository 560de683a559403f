export const text = {
  title: 'People',
  invited: 'The link to hand over. It works once, and is shown this once.',
  mailed: 'The link was mailed.',
  unlock: 'Wrong passwords that were counted are forgotten; the person may try again at once.',
  noInvitations: 'Nobody is invited',
  noGroups: 'No group has been made',
  noGroupsText: 'Grant to a group what several people need, and put people into it.',
  matrix: 'What each role may',
  builtIn: 'Built in: it cannot be changed.',
}
