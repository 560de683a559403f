import { SegmentedControl } from '@mantine/core'
import { useParams } from '@tanstack/react-router'
import { CheckCheck, MousePointerClick } from 'lucide-react'
import { useList } from '../../api/queries'
import type { ApprovalItemView } from '../../api/schema.gen'
import { useKeys } from '../../app/keys'
import { useGo, useParamsOfUrl } from '../../app/links'
import { useMay } from '../../app/permissions'
import { EmptyState, Waiting } from '../../ui/EmptyState'
import { ErrorBox } from '../../ui/ErrorBox'
import { ListTools } from '../../ui/ListTools'
import { Page, Panel } from '../../ui/Page'
import { PanelBoundary } from '../../ui/PanelBoundary'
import { SafeText } from '../../ui/SafeText'
import { StatusText } from '../../ui/StatusText'
import { TimeText } from '../../ui/TimeText'
import classes from './Approvals.module.css'
import { Request } from '../../ui/approvals/Request'
import { text } from './text'

/** The inbox: what is asked on the left, the chosen request and its decision on the right. */
export default function ApprovalsPage() {
  const { approvalId } = useParams({ strict: false }) as { approvalId?: string }
  const [params, change] = useParamsOfUrl()
  const may = useMay()
  const go = useGo()
  const scope = params.scope === 'all' && may('executions.read') ? 'all' : 'mine'
  const state = params.state ?? 'open'
  const list = useList<ApprovalItemView>(
    '/approvals',
    { scope, state: scope === 'all' && state === 'decided' ? 'approved' : state },
    { every: 20_000 },
  )
  const query = new URLSearchParams(Object.entries(params)).toString()
  const open = (id: string | undefined) => go(`/approvals${id ? `/${id}` : ''}${query ? `?${query}` : ''}`)
  const at = list.items.findIndex((one) => one.id === approvalId)
  const move = (by: number) => open(list.items[Math.min(list.items.length - 1, Math.max(0, at + by))]?.id)
  useKeys({ j: () => move(1), k: () => move(-1) })
  const next = () => open((list.items[at + 1] ?? list.items[at - 1])?.id)
  return (
    <Page
      title={text.title}
      actions={
        <>
          <SegmentedControl
            aria-label="State"
            value={state}
            onChange={(value) => change({ state: value })}
            data={[
              { value: 'open', label: 'Open' },
              { value: 'decided', label: 'Decided' },
            ]}
          />
          {may('executions.read') && (
            <SegmentedControl
              aria-label="Whose"
              value={scope}
              onChange={(value) => change({ scope: value })}
              data={[
                { value: 'mine', label: 'Mine' },
                { value: 'all', label: 'All' },
              ]}
            />
          )}
          <ListTools list="approvals" path="/approvals" />
        </>
      }
    >
      <div className={classes.inbox} data-open={approvalId ? true : undefined}>
        <div className={classes.listPane}>
          <Panel flush>
            <ErrorBox error={list.error} retry={list.reload} />
            {list.isLoading && <Waiting />}
            {!list.isLoading && list.items.length === 0 && (
              <EmptyState icon={CheckCheck} title={text.empty}>
                {text.emptyText}
              </EmptyState>
            )}
            <ul className={classes.list}>
              {list.items.map((one) => (
                <li key={one.id}>
                  <button
                    type="button"
                    className={classes.item}
                    aria-current={one.id === approvalId || undefined}
                    onClick={() => open(one.id)}
                  >
                    <span className={classes.itemTitle}>
                      <SafeText most={90}>{one.title}</SafeText>
                    </span>
                    <span className={classes.itemFoot}>
                      <StatusText status={one.status} />
                      <span>
                        {one.dueAt && one.status === 'open' ? (
                          <>
                            due <TimeText at={one.dueAt} relative />
                          </>
                        ) : (
                          <TimeText at={one.createdAt} relative />
                        )}
                      </span>
                    </span>
                  </button>
                </li>
              ))}
            </ul>
            {list.hasMore && (
              <button type="button" className={classes.item} onClick={list.loadMore}>
                Load more
              </button>
            )}
          </Panel>
        </div>
        <div className={classes.detail}>
          {approvalId ? (
            <PanelBoundary resetOn={approvalId}>
              <Request key={approvalId} id={approvalId} onDecided={next} onBack={() => open(undefined)} />
            </PanelBoundary>
          ) : (
            <div className={classes.none}>
              <Panel>
                <EmptyState icon={MousePointerClick} title={text.choose}>
                  {text.chooseText}
                </EmptyState>
              </Panel>
            </div>
          )}
        </div>
      </div>
    </Page>
  )
}
