import { ActionIcon, Button, type ButtonProps, Tooltip } from '@mantine/core'
import type { ReactNode } from 'react'
import { useMay } from '../app/permissions'

interface Props extends Omit<ButtonProps, 'onClick'> {
  /** The permission that it needs. Without it the button stays in reach and says what is missing. */
  needs?: string
  /** Why it cannot be done now, though it may be. */
  because?: string | null
  onClick?: () => void
  type?: 'submit' | 'button'
  label?: string
  icon?: ReactNode
  iconOnly?: boolean
  children?: ReactNode
}

/** A button that is never dead without a reason. */
export function Act({ needs, because, onClick, children, label, icon, iconOnly, type = 'button', ...rest }: Props) {
  const may = useMay()
  const reason = may(needs) ? because : `You need the permission ${needs}.`
  const press = reason ? undefined : onClick
  const shared = {
    'aria-disabled': reason ? true : undefined,
    'data-disabled': reason ? true : undefined,
    onClick: press,
  } as const
  const button = iconOnly ? (
    <ActionIcon aria-label={label} {...shared} loading={rest.loading} size="md">
      {icon}
    </ActionIcon>
  ) : (
    <Button type={reason ? 'button' : type} leftSection={icon} {...rest} {...shared} aria-label={label}>
      {children}
    </Button>
  )
  if (!reason && !iconOnly) return button
  return <Tooltip label={reason ?? label}>{button}</Tooltip>
}
