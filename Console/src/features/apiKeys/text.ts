export const text = {
  title: 'API keys',
  sub: 'What programs sign in with. A key may at most what its maker may.',
  empty: 'No key has been made',
  emptyText: 'A key lets a program do what you choose, until it ends or you revoke it.',
  once: 'This is the key. It is shown this once, and is kept nowhere: copy it now.',
  revoke: 'Programs that use it are refused at once.',
  accounts: 'Service accounts',
  noAccounts: 'No service account has been made',
  noAccountsText: 'Keys of a service account outlive the person who made them.',
}
