export const text = {
  title: 'Operations',
  noQueue: 'Nothing waits for a worker.',
  noWorkers: 'No worker has reported. Runs wait until one does.',
  health: 'Health of this instance',
}
