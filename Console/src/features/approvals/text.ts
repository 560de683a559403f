export const text = {
  title: 'Approvals',
  empty: 'Nothing waits for you',
  emptyText: 'Requests that workflows put to you, to your groups or to your roles come here.',
  choose: 'Choose a request',
  chooseText: 'What is asked, and by whom, shows here. j and k go through the list, a approves, r rejects.',
  approve: 'Approve',
  reject: 'Reject',
  delegate: 'Delegate',
  delegateText: 'The other decides in your place. You are no longer asked.',
  decided: (outcome: string) => `It is ${outcome}. Nothing is left to decide.`,
  modes: {
    any: () => 'The first decision settles it.',
    all: () => 'Everybody who is asked must approve.',
    count: (count: number) => `${count} people must approve.`,
  } as Record<string, (count: number) => string>,
}
