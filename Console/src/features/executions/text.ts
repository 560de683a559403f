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
  nothingNext: 'It has ended.',
}
