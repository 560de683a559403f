import { Check } from 'lucide-react'
import { useApi } from '../../api/queries'
import type { RoleView } from '../../api/schema.gen'
import { Waiting } from '../../ui/EmptyState'
import { ErrorBox } from '../../ui/ErrorBox'
import { choices, type Field } from '../../ui/fields'
import { Panel } from '../../ui/Page'
import { ResourceList } from '../../ui/ResourcePage'
import { SafeText } from '../../ui/SafeText'
import { Tag } from '../../ui/StatusText'
import { text } from './text'
import classes from './Users.module.css'

const permissionsOf = (roles: RoleView[]) => [...new Set(roles.flatMap((role) => role.permissions))].sort()

function Matrix({ roles }: { roles: RoleView[] }) {
  const permissions = permissionsOf(roles)
  return (
    <div className={classes.scroll} tabIndex={0} role="region" aria-label={text.matrix}>
      <table className={classes.matrix}>
        <thead>
          <tr>
            <th scope="col">Permission</th>
            {roles.map((role) => (
              <th key={role.id} scope="col">
                <SafeText most={30}>{role.name}</SafeText>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {permissions.map((permission) => (
            <tr key={permission}>
              <th scope="row">{permission}</th>
              {roles.map((role) => (
                <td key={role.id}>
                  {role.permissions.includes(permission) ? (
                    <Check size={15} role="img" aria-label="yes" />
                  ) : (
                    <span className={classes.no}>–</span>
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

export function Roles() {
  const roles = useApi<RoleView[]>('/roles')
  if (roles.error) return <ErrorBox error={roles.error} retry={() => void roles.refetch()} />
  if (!roles.data) return <Waiting />
  const fields: Field[] = [
    { name: 'name', label: 'Name', required: true },
    { name: 'permissions', label: 'May', kind: 'multi', required: true, options: choices(permissionsOf(roles.data)) },
    {
      name: 'objects',
      label: 'Reaches',
      kind: 'select',
      standard: 'all',
      options: [
        { value: 'all', label: 'Every object of the tenant' },
        { value: 'granted', label: 'What was granted' },
      ],
    },
  ]
  return (
    <>
      <ResourceList<RoleView>
        resource={{
          noun: 'role',
          path: '/roles',
          needs: 'users.manage',
          empty: 'No role',
          query: { per_page: undefined },
          nameOf: (one) => one.name,
          keyOf: (one) => one.id,
          versionOf: (one) => one.version,
          create: fields,
          edit: (one) => (one.builtIn ? [] : fields),
          detail: (one) => (one.builtIn ? <p>{text.builtIn}</p> : null),
          deletable: (one) => !one.builtIn,
          columns: [
            { key: 'name', title: 'Role', render: (one) => <SafeText most={60}>{one.name}</SafeText> },
            {
              key: 'kind',
              title: 'Kind',
              width: '100px',
              render: (one) => <Tag>{one.builtIn ? 'built in' : 'own'}</Tag>,
            },
            {
              key: 'count',
              title: 'May',
              width: '130px',
              from: 480,
              render: (one) => `${one.permissions.length} permissions`,
            },
            { key: 'objects', title: 'Reaches', width: '110px', from: 600, render: (one) => one.objects },
          ],
        }}
      />
      <Panel title={text.matrix} flush>
        <Matrix roles={roles.data} />
      </Panel>
    </>
  )
}
