export const text = {
  secrets: 'Secrets',
  secretsSub: 'Values that nobody reads back. Nodes use them by name.',
  noSecrets: 'No secret is kept',
  noSecretsText: 'Keep passwords and tokens here, and name them in nodes: the value never shows again.',
  deleteSecret: 'Nodes that name it fail from now on.',
  variables: 'Variables',
  variablesSub: 'Values that definitions read as vars.NAME, of all workflows or of one.',
  noVariables: 'No variable is set',
  noVariablesText:
    'What differs between environments, as an address or a limit, is better a variable than a number in a node.',
  setOn: (at: string) => `set on ${at}`,
}
