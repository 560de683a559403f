export const text = {
  title: 'Sessions',
  sub: 'Dialogues that workflows lead, as over USSD. One is looked up by its id; there is no list of them.',
  find: 'Id of the session',
  runs: 'Its runs',
  end: 'The dialogue is over, and what it knew is forgotten.',
}
