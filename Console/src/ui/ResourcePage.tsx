import { Drawer, Group, Stack } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { type LucideIcon, Plus, Trash2 } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { type Query, send } from '../api/client'
import { invalidate, useList } from '../api/queries'
import { useParamsOfUrl } from '../app/links'
import { useMay } from '../app/permissions'
import { Act } from './Act'
import { useConfirm } from './Confirm'
import { type Column, DataTable } from './DataTable'
import { EmptyState } from './EmptyState'
import type { Field, Values } from './fields'
import { type Filter, FilterBar, NoMatch } from './FilterBar'
import { FieldsForm, FormDrawer } from './FormDrawer'
import { tellDone } from './notify'
import { Page, Panel } from './Page'

export interface Resource<T> {
  /** One of them, in the words of buttons and messages: "secret". */
  noun: string
  path: string
  columns: Column<T>[]
  nameOf: (item: T) => string
  keyOf: (item: T) => string
  versionOf?: (item: T) => number
  /** The permission that changes need. */
  needs?: string
  create?: Field[]
  edit?: Field[] | ((item: T) => Field[])
  /** What is sent, where it is not the fields as they are. */
  toBody?: (body: Values, item: T | null) => unknown
  /** What the form of a change begins with, where it is not the row itself. */
  toValues?: (item: T) => Values
  deletable?: boolean | ((item: T) => boolean)
  deleteText?: (item: T) => ReactNode
  detail?: (item: T, close: () => void) => ReactNode
  rowActions?: (item: T) => ReactNode
  actionsWidth?: string
  onCreated?: (data: unknown) => void
  icon?: LucideIcon
  empty: string
  emptyText?: ReactNode
  filters?: Filter[]
  query?: Query
  drawerSize?: number | string
}

function useDelete<T>(resource: Resource<T>) {
  const confirm = useConfirm()
  const client = useQueryClient()
  return (item: T, done?: () => void) =>
    confirm({
      title: `Delete ${resource.noun} ${resource.nameOf(item)}`,
      body: resource.deleteText?.(item) ?? 'It cannot be had back.',
      act: 'Delete',
      danger: true,
      run: async () => {
        await send('DELETE', `${resource.path}/${encodeURIComponent(resource.keyOf(item))}`, {
          ifMatch: resource.versionOf ? resource.versionOf(item) : '*',
        })
        tellDone(`${resource.nameOf(item)} was deleted.`)
        await invalidate(client, [resource.path])
        done?.()
      },
    })
}

function EditDrawer<T>({ resource, item, close }: { resource: Resource<T>; item: T; close: () => void }) {
  const may = useMay()
  const remove = useDelete(resource)
  const fields = typeof resource.edit === 'function' ? resource.edit(item) : (resource.edit ?? [])
  const isAllowed = may(resource.needs)
  const canDelete = typeof resource.deletable === 'function' ? resource.deletable(item) : resource.deletable
  return (
    <Drawer opened onClose={close} title={resource.nameOf(item)} size={resource.drawerSize ?? 480}>
      <Stack gap="lg">
        {resource.detail?.(item, close)}
        {fields.length > 0 && isAllowed && (
          <FieldsForm
            fields={fields}
            initial={resource.toValues?.(item) ?? (item as Values)}
            touches={[resource.path]}
            done={`${resource.nameOf(item)} was changed.`}
            onDone={close}
            run={(body) =>
              send('PATCH', `${resource.path}/${encodeURIComponent(resource.keyOf(item))}`, {
                body: resource.toBody?.(body, item) ?? body,
                ifMatch: resource.versionOf ? resource.versionOf(item) : '*',
              })
            }
          />
        )}
        {canDelete && (
          <Group>
            <Act
              needs={resource.needs}
              variant="subtle"
              color="red"
              icon={<Trash2 size={14} aria-hidden />}
              onClick={() => remove(item, close)}
            >
              Delete
            </Act>
          </Group>
        )}
      </Stack>
    </Drawer>
  )
}

/** A list with what makes, changes and deletes its items. */
export function ResourceList<T>({ resource, bare }: { resource: Resource<T>; bare?: boolean }) {
  const [params] = useParamsOfUrl()
  const [open, setOpen] = useState<T | null>(null)
  const [isNew, setNew] = useState(false)
  const filters = resource.filters ?? []
  const query: Query = { ...resource.query }
  for (const filter of filters) if (params[filter.name]) query[filter.name] = params[filter.name]
  const list = useList<T>(resource.path, query)
  const isFiltered = filters.some((filter) => params[filter.name])
  const add = resource.create && (
    <Act needs={resource.needs} icon={<Plus size={14} aria-hidden />} onClick={() => setNew(true)}>
      {`New ${resource.noun}`}
    </Act>
  )
  const hasDrawer = Boolean(resource.edit ?? resource.detail ?? resource.deletable)
  const fresh = open ? (list.items.find((item) => resource.keyOf(item) === resource.keyOf(open)) ?? open) : null
  const table = (
    <DataTable
      label={`List: ${resource.noun}`}
      list={list}
      columns={resource.columns}
      rowKey={resource.keyOf}
      onOpen={hasDrawer ? setOpen : undefined}
      actions={resource.rowActions}
      actionsWidth={resource.actionsWidth}
      empty={
        isFiltered ? (
          <NoMatch filters={filters} />
        ) : (
          <EmptyState icon={resource.icon} title={resource.empty} action={add}>
            {resource.emptyText}
          </EmptyState>
        )
      }
    />
  )
  return (
    <>
      {(filters.length > 0 || add) && <FilterBar filters={filters} right={add} />}
      {bare ? table : <Panel flush>{table}</Panel>}
      {isNew && resource.create && (
        <FormDrawer
          title={`New ${resource.noun}`}
          fields={resource.create}
          act="Create"
          size={resource.drawerSize ?? 480}
          touches={[resource.path]}
          close={() => setNew(false)}
          run={async (body) => {
            const { data } = await send('POST', resource.path, { body: resource.toBody?.(body, null) ?? body })
            resource.onCreated?.(data)
          }}
        />
      )}
      {fresh && <EditDrawer key={resource.keyOf(fresh)} resource={resource} item={fresh} close={() => setOpen(null)} />}
    </>
  )
}

export function ResourcePage<T>({ title, sub, resource }: { title: string; sub?: ReactNode; resource: Resource<T> }) {
  return (
    <Page title={title} sub={sub}>
      <ResourceList resource={resource} />
    </Page>
  )
}
