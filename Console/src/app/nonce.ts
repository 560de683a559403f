/** The nonce of this answer's Content-Security-Policy, for style tags that libraries make. */
export const nonce = document.querySelector<HTMLMetaElement>('meta[name=csp-nonce]')?.content ?? ''
