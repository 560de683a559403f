export const text = {
  title: 'Activity',
  sub: 'Who did what to what. Nothing of it is changed or deleted before its time.',
}
