import { notifications } from '@mantine/notifications'
import type { ApiError } from '../api/errors'
import { safeText } from './safe'

export const tellDone = (message: string) => notifications.show({ message: safeText(message), color: 'teal' })

export const tellError = (error: ApiError) =>
  notifications.show({
    title: error.code,
    message: safeText(`${error.message}${error.requestId ? ` (request ${error.requestId})` : ''}`),
    color: 'red',
    autoClose: 10_000,
  })
