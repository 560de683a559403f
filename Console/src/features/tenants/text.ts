export const text = {
  title: 'Tenants',
  sub: 'The companies on this platform, for who runs it.',
  empty: 'No tenant is here',
  once: 'The owner’s password. It is shown this once.',
}
