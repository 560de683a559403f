import { Switch } from '@mantine/core'
import { useParams } from '@tanstack/react-router'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { send } from '../../api/client'
import { invalidate, useApi } from '../../api/queries'
import type { EventMatchView, EventView, ExplainView, NearMiss } from '../../api/schema.gen'
import { Go } from '../../app/links'
import { Act } from '../../ui/Act'
import { useConfirm } from '../../ui/Confirm'
import { EmptyState, Waiting } from '../../ui/EmptyState'
import { ErrorBox } from '../../ui/ErrorBox'
import { JsonView } from '../../ui/JsonView'
import { tellDone } from '../../ui/notify'
import { Facts, Page, Panel } from '../../ui/Page'
import { SafeText } from '../../ui/SafeText'
import { StatusText, Tag } from '../../ui/StatusText'
import { TimeText } from '../../ui/TimeText'
import classes from './Events.module.css'
import { text } from './text'

const linkOf = (match: EventMatchView) =>
  match.executionId
    ? `/executions/${match.executionId}`
    : match.emittedId
      ? `/events/${match.emittedId}`
      : match.ruleId
        ? `/rules/${match.ruleId}`
        : match.workflowId
          ? `/workflows/${match.workflowId}`
          : null

function Match({ match }: { match: EventMatchView }) {
  const href = linkOf(match)
  return (
    <li className={classes.row}>
      <StatusText status={match.matched ? 'matched' : 'skipped'} label={match.target} />
      <span className={classes.reason}>
        <SafeText most={400}>{match.reason}</SafeText>
      </span>
      {href && <Go href={href}>Open</Go>}
    </li>
  )
}

function Miss({ miss }: { miss: NearMiss }) {
  return (
    <li className={classes.row}>
      <Tag tone="idle">{miss.code}</Tag>
      <span className={classes.reason}>
        <strong>
          {miss.target} <SafeText most={80}>{miss.name}</SafeText>
        </strong>{' '}
        <SafeText most={500}>{miss.reason}</SafeText>
        {miss.values.length > 0 && (
          <span className={classes.values}>
            {miss.values.map((value) => (
              <code key={value}>
                <SafeText most={160}>{value}</SafeText>
              </code>
            ))}
          </span>
        )}
      </span>
    </li>
  )
}

function Explain({ id }: { id: string }) {
  const [isAll, setAll] = useState(false)
  const explained = useApi<ExplainView>(`/events/${id}/explain`, { others: isAll || undefined })
  return (
    <Panel
      title={text.explain}
      flush
      actions={
        <Switch
          size="xs"
          label="Those of other types too"
          checked={isAll}
          onChange={(event) => setAll(event.currentTarget.checked)}
        />
      }
    >
      <ErrorBox error={explained.error} retry={() => void explained.refetch()} />
      {explained.isLoading && <Waiting rows={3} />}
      {explained.data && (
        <>
          <p className={classes.note}>
            {text.explainText} Routing: {explained.data.routing}
            {explained.data.failures > 0 && `, ${explained.data.failures} failures`}.
          </p>
          {explained.data.error && <ErrorBox error={new Error(explained.data.error)} />}
          <ul className={classes.list}>
            {explained.data.matches.map((match) => (
              <Match
                key={`${match.target}${match.workflowId}${match.executionId}${match.ruleId}${match.emittedId}`}
                match={match}
              />
            ))}
            {explained.data.executions.map((run) => (
              <li key={run.id} className={classes.row}>
                <StatusText status={run.status} />
                <span className={classes.reason}>
                  a run of version {run.version}, started by {run.triggerType}
                </span>
                <Go href={`/executions/${run.id}`}>Open</Go>
              </li>
            ))}
            {explained.data.nearMisses.map((miss) => (
              <Miss key={`${miss.target}${miss.name}${miss.code}`} miss={miss} />
            ))}
          </ul>
          {explained.data.nearMisses.length === 0 && explained.data.matches.length === 0 && (
            <EmptyState title={text.noMisses} />
          )}
        </>
      )}
    </Panel>
  )
}

export default function EventPage() {
  const { eventId: id } = useParams({ strict: false }) as { eventId: string }
  const confirm = useConfirm()
  const client = useQueryClient()
  const found = useApi<EventView>(`/events/${id}`, undefined, { keep: false })
  const crumbs = [{ label: text.title, href: '/events' }]
  if (found.error) {
    return (
      <Page title="No event is at this address" crumbs={crumbs}>
        <ErrorBox error={found.error} retry={() => void found.refetch()} />
      </Page>
    )
  }
  if (!found.data) return <Waiting />
  const event = found.data
  const route = () =>
    confirm({
      title: text.route,
      body: text.routeText,
      act: text.route,
      run: async () => {
        await send('POST', `/events/${id}/route`)
        tellDone('The event is routed again.')
        await invalidate(client, ['/events'])
      },
    })
  return (
    <Page
      title={event.type}
      crumbs={crumbs}
      actions={
        <Act needs="events.publish" variant="default" onClick={route}>
          {text.route}
        </Act>
      }
    >
      <Panel>
        <Facts
          items={[
            ['Subject', <SafeText key="s">{event.subject ?? '–'}</SafeText>],
            ['Source', <SafeText key="o">{event.source}</SafeText>],
            ['Id of the sender', <SafeText key="i">{event.eventId}</SafeText>],
            ['Happened', <TimeText key="t" at={event.time} />],
            ['Came', <TimeText key="r" at={event.receivedAt} detail="millisecond" />],
          ]}
        />
      </Panel>
      <Panel title="What it did" flush>
        {event.matches.length === 0 && <EmptyState title="Nothing took notice of it" />}
        <ul className={classes.list}>
          {event.matches.map((match) => (
            <Match
              key={`${match.target}${match.workflowId}${match.executionId}${match.ruleId}${match.emittedId}`}
              match={match}
            />
          ))}
        </ul>
      </Panel>
      <Explain id={id} />
      <Panel title="Data">
        <JsonView value={event.data} label="Data" />
      </Panel>
      {Object.keys((event.extensions ?? {}) as object).length > 0 && (
        <Panel title="Extensions">
          <JsonView value={event.extensions} label="Extensions" />
        </Panel>
      )}
    </Page>
  )
}
