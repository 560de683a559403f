export const text = {
  title: 'Notifications',
  empty: 'Nothing was told to you yet',
  emptyText: 'Requests for approval, failures that you subscribed to, and what workflows tell you come here.',
}
