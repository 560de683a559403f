import type { NotificationData } from '@mantine/notifications'
import type { ApiError } from '../api/errors'
import { safeText } from './safe'

// Messages are loaded with the first of them: no page needs them to be there.
const show = (message: NotificationData) => {
  void import('@mantine/notifications').then(({ notifications }) => notifications.show(message))
}

export const tellDone = (message: string) => show({ message: safeText(message), color: 'teal' })

export const tellError = (error: ApiError) =>
  show({
    title: error.code,
    message: safeText(`${error.message}${error.requestId ? ` (request ${error.requestId})` : ''}`),
    color: 'red',
    autoClose: 10_000,
  })
