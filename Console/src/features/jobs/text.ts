export const text = {
  title: 'Jobs',
  empty: 'No job has been made',
  emptyText: 'A job puts workflows together that run in an order: it lies in a folder of a workspace.',
  runsEmpty: 'No job has run',
  graph: 'What depends on what',
  noWorkflows: 'No workflow is in it yet.',
  runText: 'Its workflows start in the order of what they depend on.',
}
