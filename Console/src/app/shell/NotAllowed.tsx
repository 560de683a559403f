import { Lock } from 'lucide-react'
import { EmptyState } from '../../ui/EmptyState'
import { Page } from '../../ui/Page'

/** An address that one may not read: it says what is missing, and nothing of what is there. */
export function NotAllowed({ permission }: { permission: string }) {
  return (
    <Page title="Not for you yet">
      <EmptyState icon={Lock} title={`You need the permission ${permission}`}>
        Who manages people in your company can give you a role that has it.
      </EmptyState>
    </Page>
  )
}
