import { LockKeyhole } from 'lucide-react'
import { Act } from '../../../ui/Act'
import { useConfirm } from '../../../ui/Confirm'
import { SafeText } from '../../../ui/SafeText'
import { TimeText } from '../../../ui/TimeText'
import { classes } from './classes'
import { useEditorContext } from './context'
import type { Holding } from './useHolding'

/** Who has it checked out, since when and until when; and the way to take it over. */
export function Holder({ holding }: { holding: Holding }) {
  const { workflow } = useEditorContext()
  const confirm = useConfirm()
  const { holder, name, since, until, comment } = holding
  if (holder === null) return null
  const takeOver = () =>
    confirm({
      title: `Take over from ${name}`,
      body: (
        <>
          <SafeText most={80}>{name}</SafeText> can save no more versions of{' '}
          <SafeText most={80}>{workflow.name}</SafeText> until you give it back. What is not saved stays in their
          working copy.
        </>
      ),
      act: 'Take over',
      danger: true,
      run: holding.takeOver,
    })
  return (
    <>
      <span className={classes.state} data-tone="wait">
        <LockKeyhole size={13} aria-hidden />
        <span>
          Checked out by {holder === 'me' ? 'you' : <SafeText most={40}>{name}</SafeText>}{' '}
          <TimeText at={since} relative />, until <TimeText at={until} detail="minute" />
          {comment && (
            <>
              : <SafeText most={60}>{comment}</SafeText>
            </>
          )}
        </span>
      </span>
      {holder === 'other' && (
        <Act needs="tenant.manage" variant="default" size="compact-xs" onClick={takeOver}>
          Take over
        </Act>
      )}
    </>
  )
}
