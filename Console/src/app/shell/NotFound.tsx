import { Button } from '@mantine/core'
import { Compass } from 'lucide-react'
import { EmptyState } from '../../ui/EmptyState'
import { askPalette } from '../palette'
import { Page } from '../../ui/Page'

export function NotFound() {
  return (
    <Page title="Nothing here">
      <EmptyState
        icon={Compass}
        title="There is no page at this address"
        action={<Button onClick={() => askPalette()}>Search</Button>}
      >
        What was here may have been deleted, or you may not see it.
      </EmptyState>
    </Page>
  )
}
