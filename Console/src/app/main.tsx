import './mantine.css'
import './tokens.css'
import { MantineProvider } from '@mantine/core'
import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { setNonce } from 'get-nonce'
import { lazy, StrictMode, Suspense } from 'react'
import { createRoot } from 'react-dom/client'
import { queryClient } from '../api/queries'
import { restore } from '../api/session'
import { ConfirmProvider } from '../ui/Confirm'
import { tellError } from '../ui/notify'
import { toApiError } from '../api/errors'
import { nonce } from './nonce'
import { router } from './router'
import { theme } from './theme'

const Notices = lazy(() => import('./shell/Notices'))

setNonce(nonce)
restore().catch((error: unknown) => tellError(toApiError(error)))

const host = document.getElementById('root')
if (!host) throw new Error('The page has no element with the id root.')

createRoot(host).render(
  <StrictMode>
    <MantineProvider theme={theme} defaultColorScheme="auto" getStyleNonce={() => nonce}>
      <QueryClientProvider client={queryClient}>
        <Suspense fallback={null}>
          <Notices />
        </Suspense>
        <ConfirmProvider>
          <RouterProvider router={router} />
        </ConfirmProvider>
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
)
