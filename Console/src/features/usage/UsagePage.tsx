import { Progress } from '@mantine/core'
import { Wallet } from 'lucide-react'
import { useMemo } from 'react'
import { serverNow } from '../../api/client'
import { useApi } from '../../api/queries'
import type { BudgetView, UsageView } from '../../api/schema.gen'
import { ErrorBox } from '../../ui/ErrorBox'
import { choices, type Field } from '../../ui/fields'
import { HourBars } from '../../ui/HourBars'
import { Facts, Page, Panel } from '../../ui/Page'
import { ResourceList } from '../../ui/ResourcePage'
import { bytesText } from '../../ui/safe'
import { SafeText } from '../../ui/SafeText'
import { StatusText } from '../../ui/StatusText'
import { TimeText } from '../../ui/TimeText'
import { text } from './text'

const DAY = 86_400_000
const KINDS = ['executions', 'steps', 'storage', 'modelCost']
const EDIT: Field[] = [
  { name: 'name', label: 'Name', required: true },
  { name: 'amount', label: 'Amount', kind: 'number', required: true, min: 1, help: text.amountHelp },
  { name: 'hardStop', label: 'Stops further starts at the amount', kind: 'switch' },
  { name: 'mail', label: 'Mails, too', kind: 'switch' },
  { name: 'enabled', label: 'On', kind: 'switch', standard: true },
]
const CREATE: Field[] = [
  { name: 'kind', label: 'Of', kind: 'select', required: true, options: choices(KINDS) },
  {
    name: 'period',
    label: 'In each',
    kind: 'select',
    required: true,
    standard: 'month',
    options: choices(['day', 'month']),
  },
  ...EDIT,
]

const kindText = (kind: string) => (kind === 'modelCost' ? 'cost of models' : kind)

const amountText = (kind: string, amount: number) =>
  kind === 'modelCost' ? `$${(amount / 100).toFixed(2)}` : amount.toLocaleString('en')

function Usage() {
  const from = useMemo(() => new Date(serverNow() - 29 * DAY).toISOString().slice(0, 10), [])
  const usage = useApi<UsageView>('/usage', { from })
  const bars = (usage.data?.days ?? []).map((day) => {
    const at = Date.parse(`${day.day}T00:00:00Z`)
    return {
      from: new Date(at).toISOString(),
      to: new Date(at + DAY).toISOString(),
      ok: Math.max(0, day.executions - day.failures),
      bad: day.failures,
    }
  })
  return (
    <Panel title={text.usage}>
      <ErrorBox error={usage.error} retry={() => void usage.refetch()} />
      {usage.data && (
        <>
          <Facts
            items={[
              ['Runs', usage.data.executions.toLocaleString('en')],
              ['Of them not successful', usage.data.failures.toLocaleString('en')],
              ['Steps', usage.data.steps.toLocaleString('en')],
              ['Stored', usage.data.storageBytes === null ? 'not measured yet' : bytesText(usage.data.storageBytes)],
            ]}
          />
          {bars.length > 0 && <HourBars bars={bars} label={text.usage} />}
        </>
      )}
    </Panel>
  )
}

export default function UsagePage() {
  return (
    <Page title={text.title}>
      <Usage />
      <ResourceList<BudgetView>
        resource={{
          noun: 'budget',
          path: '/budgets',
          needs: 'budgets.manage',
          icon: Wallet,
          empty: text.noBudget,
          emptyText: text.noBudgetText,
          nameOf: (one) => one.name,
          keyOf: (one) => one.id,
          versionOf: (one) => one.version,
          create: CREATE,
          edit: EDIT,
          deletable: true,
          columns: [
            { key: 'name', title: 'Name', render: (one) => <SafeText most={80}>{one.name}</SafeText> },
            {
              key: 'kind',
              title: 'Of',
              width: '130px',
              from: 480,
              render: (one) => `${kindText(one.kind)} a ${one.period}`,
            },
            {
              key: 'used',
              title: 'Used',
              render: (one) => (
                <>
                  {amountText(one.kind, one.used)} of {amountText(one.kind, one.amount)}
                  <Progress
                    size="xs"
                    value={one.usedPercent}
                    color={one.usedPercent >= 100 ? 'red' : undefined}
                    aria-label="Used"
                  />
                </>
              ),
            },
            {
              key: 'state',
              title: 'State',
              width: '140px',
              from: 620,
              render: (one) =>
                one.stoppedUntil ? (
                  <span>
                    stops until <TimeText at={one.stoppedUntil} relative />
                  </span>
                ) : (
                  <StatusText status={one.enabled ? 'enabled' : 'disabled'} label={one.enabled ? 'On' : 'Off'} />
                ),
            },
          ],
        }}
      />
    </Page>
  )
}
