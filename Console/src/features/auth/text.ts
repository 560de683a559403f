export const text = {
  signIn: 'Sign in',
  secondFactor: 'Second factor',
  ended: 'Your session has ended. Sign in to go on where you were.',
  email: 'E-mail address',
  password: 'Password',
  tenant: 'Tenant',
  tenantHelp: (slugs: string[]) => `This account is in several: ${slugs.join(', ')}.`,
  code: 'Code',
  codeHelp: 'Six digits of your app, or one of your recovery codes.',
  wait: (seconds: number) => `Again in ${seconds} s`,
  forgot: 'Forgot the password?',
}
