export const text = {
  title: 'Settings',
  second: 'Everybody needs a second factor',
  secondHelp: (without: number) => `${without} people have none: they can do nothing but set one up.`,
  tenant: 'Tenant',
  policy: 'Security',
  operator: 'Who runs the platform, let in',
  noOperator: 'Nobody of those who run the platform is let in.',
}
