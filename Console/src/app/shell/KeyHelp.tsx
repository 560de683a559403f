import { Modal, Switch } from '@mantine/core'
import { useState } from 'react'
import { areKeysOn, setKeysOn } from '../keys'
import { allItems } from '../nav'
import { useMay } from '../permissions'
import classes from './Shell.module.css'

const GENERAL: [string, string][] = [
  ['Ctrl K', 'Search and commands'],
  ['?', 'This list'],
  ['/', 'To the filter'],
  ['j  k', 'Next, previous row'],
  ['x', 'Select the row'],
  ['Enter', 'Open'],
  ['n  p', 'Next, previous failed step of a run'],
  ['1 – 5', 'Tabs of a run'],
  ['Esc', 'Close what is on top'],
]

export default function KeyHelp({ opened, close }: { opened: boolean; close: () => void }) {
  const may = useMay()
  const [isOn, setOn] = useState(areKeysOn)
  const pages = allItems().filter((item) => item.key && may(item.needs))
  const rows = [...GENERAL, ...pages.map((item): [string, string] => [`g  ${item.key}`, item.label])]
  return (
    <Modal opened={opened} onClose={close} title="Keys" size="lg">
      <ul className={classes.help}>
        {rows.map(([key, label]) => (
          <li key={key} className={classes.helpRow}>
            <span>{label}</span>
            <kbd>{key}</kbd>
          </li>
        ))}
      </ul>
      <Switch
        mt="md"
        label="Single letters act"
        checked={isOn}
        onChange={(event) => {
          setOn(event.currentTarget.checked)
          setKeysOn(event.currentTarget.checked)
        }}
      />
    </Modal>
  )
}
