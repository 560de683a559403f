export const text = {
  title: 'Schedules',
  empty: 'No schedule is set',
  emptyText:
    'It starts a workflow, a job or a package of jobs by the clock, and knows holidays and changes of the clock.',
  preview: 'The next ten',
  dst: 'The clock changes in between: the offset of the zone is not the same for all of them.',
  ofDefinition: 'It is part of a workflow’s definition: change it there.',
  calendarsEmpty: 'No calendar of business days is set',
}
