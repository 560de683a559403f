export const text = {
  title: 'New workflow',
  template: 'From a template',
  empty: 'Empty',
  file: 'From a file',
  noPlace: 'There is no job that you see: workflows lie in jobs. Somebody who may make workspaces has to make one.',
  search: 'Search templates',
  noTemplate: 'No template has all of these words.',
  choose: 'Choose a template to see what it does.',
  copyText:
    'The workflow is made empty, and the template is kept as your working copy: the editor opens with it and lists ' +
    'what is missing. It can be saved as a version when that is there.',
  categories: {
    start: 'Begin',
    people: 'People',
    schedule: 'By time',
    data: 'Data',
    reliability: 'When things fail',
  } as Record<string, string>,
  missing: {
    CONNECTOR: 'connector',
    CUSTOM_NODE: 'custom node',
    SECRET: 'secret',
    VARIABLE: 'variable',
    CALENDAR: 'calendar',
    WORKFLOW: 'workflow',
  } as Record<string, string>,
  fileHelp: 'A definition as JSON, or a file that an export has written.',
  fileGood: 'It can be made as it is.',
}
