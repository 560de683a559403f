import { Drawer } from '@mantine/core'
import { SideBar } from './SideBar'

/** The side bar of a narrow window. */
export default function NarrowMenu({ close }: { close: () => void }) {
  return (
    <Drawer opened onClose={close} position="left" size={260} title="Pages">
      <SideBar />
    </Drawer>
  )
}
