import '@mantine/core/styles.css'
import '@mantine/notifications/styles.css'
import '@mantine/spotlight/styles.css'
import './tokens.css'
import { MantineProvider } from '@mantine/core'
import { Notifications } from '@mantine/notifications'
import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { setNonce } from 'get-nonce'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { queryClient } from '../api/queries'
import { restore } from '../api/session'
import { ConfirmProvider } from '../ui/Confirm'
import { tellError } from '../ui/notify'
import { toApiError } from '../api/errors'
import { nonce } from './nonce'
import { router } from './router'
import { theme } from './theme'

setNonce(nonce)
restore().catch((error: unknown) => tellError(toApiError(error)))

const host = document.getElementById('root')
if (!host) throw new Error('The page has no element with the id root.')

createRoot(host).render(
  <StrictMode>
    <MantineProvider theme={theme} defaultColorScheme="auto" getStyleNonce={() => nonce}>
      <QueryClientProvider client={queryClient}>
        <Notifications position="bottom-right" limit={4} />
        <ConfirmProvider>
          <RouterProvider router={router} />
        </ConfirmProvider>
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
)
