export const text = {
  approve: 'Approve',
  reject: 'Reject',
  delegate: 'Delegate',
  delegateText: 'The other decides in your place. You are no longer asked.',
  decided: (outcome: string) => `It is ${outcome}. Nothing is left to decide.`,
  waits: 'A decision is asked for',
  modes: {
    any: () => 'The first decision settles it.',
    all: () => 'Everybody who is asked must approve.',
    count: (count: number) => `${count} people must approve.`,
  } as Record<string, (count: number) => string>,
}
