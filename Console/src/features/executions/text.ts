import { countText } from '../../ui/safe'

export const text = {
  title: 'Runs',
  presets: {
    all: 'All',
    active: 'Active',
    unresolved: 'Failed and not resolved',
    waiting: 'Waiting',
    held: 'Held',
    mine: 'Mine',
  },
  reason: 'Reason',
  acts: {
    cancel: 'Cancel',
    pause: 'Pause',
    resume: 'Resume',
    retry: 'Retry',
    'mark-resolved': 'Mark resolved',
    'mark-unresolved': 'Mark unresolved',
  } as Record<string, string>,
  whatActsDo: {
    cancel: 'What has not begun does not begin; steps that run are told to stop.',
    pause: 'Steps that run end; no other begins until you resume.',
    resume: 'It goes on where it was paused.',
    retry: 'Runs on from what failed. Results that are kept are not made again.',
    'mark-resolved': 'It stays failed, and leaves the list of what somebody must look at.',
    'mark-unresolved': 'It comes back to the list of what somebody must look at.',
  } as Record<string, string>,
  notHere: 'No run is at this address',
  rerun: 'Run again…',
  rerunText:
    'Makes a new run from a step of this one. Results before the step are kept; the step and what follows run again.',
  overrides:
    'By the id of a step, as {"fetch": {"status": 200}}. These steps do not run; the new run says who gave them.',
  nothingNext: 'It has ended.',
  outputTooLong: (node: string) => `The output of ${node} is too long to be changed here.`,
  failures: 'Failures',
  failuresText:
    'Runs that failed alike are one row: the same workflow, step and code, and messages that differ in numbers only.',
  failuresCapped: (looked: number) =>
    `The newest ${looked.toLocaleString('en')} failures were looked at; there are older ones.`,
  noFailures: 'Nothing failed',
  noFailuresText: 'No run of this time failed that nobody has resolved.',
  similar: 'Failed like this before',
  moreSimilar: (count: number) => `and ${count} more`,
  notResolved: 'not resolved',
  resolvedWithoutWord: 'resolved without a word',
  compare: 'Two runs compared',
  compareText: (
    steps: { same: number; different: number; onlyLeft: number; onlyRight: number },
    heads: { input: boolean; output: boolean },
  ) =>
    [
      `${countText(steps.same, 'step')} the same, ${steps.different} different`,
      steps.onlyLeft > 0 ? `${steps.onlyLeft} only in the first` : '',
      steps.onlyRight > 0 ? `${steps.onlyRight} only in the second` : '',
      heads.input ? 'the same input' : 'another input',
      heads.output ? 'the same output' : 'another output',
    ]
      .filter(Boolean)
      .join(' · '),
  noDifference: 'No step differs',
  noDifferenceText: 'Each step of one has the same result in the other.',
  firstSteps: (count: number) => `The first ${count} steps are shown.`,
  notThere: 'This run has no such step.',
}
