/** US dollars as people read them: cents of a call that cost less than one, too. */
export function moneyText(usd: number): string {
  if (usd === 0) return '$0'
  if (usd < 0.000001) return '< $0.000001'
  const digits = usd >= 1 ? 2 : usd >= 0.01 ? 4 : 6
  return `$${usd.toLocaleString('en', { minimumFractionDigits: usd >= 1 ? 2 : 0, maximumFractionDigits: digits })}`
}
