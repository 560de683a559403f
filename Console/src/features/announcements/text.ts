export const text = {
  title: 'Announcements',
  sub: 'What everybody, or those chosen, read when they sign in.',
  empty: 'Nothing is announced',
}
