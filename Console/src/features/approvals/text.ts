export const text = {
  title: 'Approvals',
  empty: 'Nothing waits for you',
  emptyText: 'Requests that workflows put to you, to your groups or to your roles come here.',
  choose: 'Choose a request',
  chooseText: 'What is asked, and by whom, shows here. j and k go through the list, a approves, r rejects.',
}
