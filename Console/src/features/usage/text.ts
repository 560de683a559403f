export const text = {
  title: 'Usage and budgets',
  usage: 'Last 30 days',
  budgets: 'Budgets',
  noBudget: 'No budget is set',
  noBudgetText: 'A budget tells people when use nears an amount, and can stop further starts at it.',
  amountHelp: 'Bytes of storage; US cents of the cost of models.',
}
