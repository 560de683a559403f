export const text = {
  title: 'Trash',
  sub: 'What was deleted is kept for a while, with all that was in it.',
  empty: 'Nothing is in the trash',
  restored: (name: string) => `${name} is back.`,
}
