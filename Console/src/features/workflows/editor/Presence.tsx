import { Tooltip } from '@mantine/core'
import { useCallback, useEffect, useState } from 'react'
import { useStore } from 'zustand'
import { usePeopleNames } from '../../../api/people'
import { useSession } from '../../../api/session'
import { tellPresence, useIsLive, useTopic } from '../../../app/socket'
import { safeText } from '../../../ui/safe'
import { useNow } from '../../../ui/TimeText'
import { classes } from './classes'
import { useEditorContext } from './context'
import { nodesOf } from './model/definition'
import { heard, initialsOf, people, type Present, SAY_AGAIN_MS } from './presence'

const REST_MS = 300
const MOST = 4
const MOST_NAMES = 20

function usePresence() {
  const { workflow, store } = useEditorContext()
  const { me } = useSession()
  const isLive = useIsLive()
  const now = useNow(30_000)
  const [present, setPresent] = useState<readonly Present[]>([])
  const chosen = useStore(store, (state) => state.chosen.at(-1) ?? null)
  const topic = `collaboration:${workflow.id}`
  const say = useCallback(() => {
    tellPresence(topic, { node: store.getState().chosen.at(-1) ?? null })
  }, [topic, store])
  useTopic(topic, ({ type, data }) => {
    // Who comes knows of nobody yet: the server keeps no list.
    if (type === 'presence.joined' && data.actorId !== me?.id) say()
    setPresent((before) => heard(before, type, data, Date.now()))
  })
  useEffect(() => {
    if (!isLive) return undefined
    const soon = setTimeout(say, REST_MS)
    const again = setInterval(say, SAY_AGAIN_MS)
    return () => {
      clearTimeout(soon)
      clearInterval(again)
    }
  }, [isLive, say, chosen])
  const others = isLive ? people(present, me?.id, now) : []
  // The news name accounts by their address: people are called by their names.
  const names = usePeopleNames(others.slice(0, MOST_NAMES).map((one) => one.actorId))
  return others.map((one) => ({ ...one, name: names.get(one.actorId) ?? one.name }))
}

/** Who else has the workflow open, and at which node. */
export function Presence() {
  const { store } = useEditorContext()
  const others = usePresence()
  if (others.length === 0) return null
  const nodes = nodesOf(store.getState().definition)
  const words = (one: Present) => {
    const node = one.node === null ? null : (nodes.get(one.node)?.node.name ?? one.node)
    return safeText(node === null ? one.name : `${one.name}, at ${node}`).slice(0, 160)
  }
  return (
    <ul className={classes.present} aria-label="Also here">
      {others.slice(0, MOST).map((one) => (
        <li key={one.connection}>
          <Tooltip label={words(one)}>
            <span className={classes.avatar}>
              <span aria-hidden>{initialsOf(one.name)}</span>
              <span className="visually-hidden">{words(one)}</span>
            </span>
          </Tooltip>
        </li>
      ))}
      {others.length > MOST && (
        <li>
          <Tooltip label={others.slice(MOST).map(words).join('; ')}>
            <span className={classes.avatar}>
              +{others.length - MOST}
              <span className="visually-hidden"> more: {others.slice(MOST).map(words).join('; ')}</span>
            </span>
          </Tooltip>
        </li>
      )}
    </ul>
  )
}
