import { Button } from '@mantine/core'
import { spotlight } from '@mantine/spotlight'
import { Compass } from 'lucide-react'
import { EmptyState } from '../../ui/EmptyState'
import { Page } from '../../ui/Page'

export function NotFound() {
  return (
    <Page title="Nothing here">
      <EmptyState icon={Compass} title="There is no page at this address" action={<Button onClick={() => spotlight.open()}>Search</Button>}>
        What was here may have been deleted, or you may not see it.
      </EmptyState>
    </Page>
  )
}
