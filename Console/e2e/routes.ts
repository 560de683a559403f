import { resolve } from 'node:path'
import { platform } from '../build/platform.ts'

const known = platform(resolve(import.meta.dirname, '..'))

/** The platform's API with the key of `./run`, to find and to make what pages show. */
export async function api<T>(method: string, path: string, body?: unknown): Promise<T> {
  if (!known?.apiKey) throw new Error('No platform runs here: start one with ./run --detach.')
  const answer = await fetch(`${known.api}/api/v1${path}`, {
    method,
    headers: { Authorization: `Bearer ${known.apiKey}`, 'Content-Type': 'application/json', 'If-Match': '*' },
    body: body === undefined ? undefined : JSON.stringify(body),
  })
  const read = (await answer.json()) as { data: T; error?: unknown }
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(read.error)}`)
  return read.data
}

const first = async (path: string) => (await api<{ id: string }[]>('GET', path))[0]?.id

/** The routes of the console by the name of their picture, with objects that the platform has. */
export async function routes(): Promise<Record<string, string>> {
  const run = await first('/executions?status=completed&per_page=1')
  const failed = await first('/executions?status=failed&per_page=1')
  const waiting = await first('/executions?status=waiting&per_page=1')
  const workflow = await first('/workflows?per_page=1')
  const event = await first('/events?per_page=1')
  const rule = await first('/rules?per_page=1')
  const approval = await first('/approvals?scope=all&per_page=1')
  const job = await first('/jobs?per_page=1')
  const article = await first('/knowledge?per_page=1')
  const jobRun = await first('/job-runs?per_page=1')
  const at = (path: string, id: string | undefined, rest = '') => (id ? `${path}/${id}${rest}` : undefined)
  const found: Record<string, string | undefined> = {
    home: '/',
    workflows: '/workflows',
    'workflow-new': '/workflows?new=template&template=nightly-report',
    'workflow-new-empty': '/workflows?new=empty',
    'workflow-new-file': '/workflows?new=file',
    'workflow-overview': at('/workflows', workflow),
    'workflow-runs': at('/workflows', workflow, '?tab=runs'),
    'workflow-versions': at('/workflows', workflow, '?tab=versions'),
    'workflow-triggers': at('/workflows', workflow, '?tab=triggers'),
    'workflow-settings': at('/workflows', workflow, '?tab=settings'),
    nodes: '/nodes',
    'nodes-own': '/nodes?tab=own',
    executions: '/executions',
    'executions-none': '/executions?error_code=NO_SUCH_CODE',
    'run-graph': at('/executions', run),
    'run-failed': at('/executions', failed),
    'run-waiting': at('/executions', waiting),
    'run-timeline': at('/executions', run, '?tab=timeline'),
    'run-log': at('/executions', run, '?tab=log'),
    'run-data': at('/executions', run, '?tab=data'),
    'run-lineage': at('/executions', run, '?tab=lineage'),
    failures: '/failures',
    compare: run && failed ? `/executions/${run}/compare/${failed}` : undefined,
    'dead-letters': '/dead-letters',
    jobs: '/jobs',
    'jobs-runs': '/jobs?tab=runs',
    job: at('/jobs', job),
    'job-run': at('/job-runs', jobRun),
    approvals: '/approvals',
    'approvals-all': '/approvals?scope=all',
    approval: at('/approvals', approval, '?scope=all'),
    events: '/events',
    event: at('/events', event),
    rules: '/rules',
    rule: at('/rules', rule),
    schedules: '/schedules',
    'schedules-calendar': '/schedules?tab=calendar',
    'schedules-days': '/schedules?tab=days',
    connectors: '/connectors',
    secrets: '/secrets',
    variables: '/variables',
    context: '/context',
    sessions: '/sessions',
    search: '/search?q=order',
    knowledge: '/knowledge',
    'prompt-cards': '/prompt-cards',
    models: '/models',
    'models-cost': '/models?tab=cost',
    'models-calls': '/models?tab=calls',
    chat: '/chat',
    article: at('/knowledge', article),
    'article-versions': at('/knowledge', article, '?tab=versions'),
    people: '/people',
    'people-groups': '/people?tab=groups',
    'people-roles': '/people?tab=roles',
    'people-invitations': '/people?tab=invitations',
    'api-keys': '/api-keys',
    'service-accounts': '/api-keys?tab=accounts',
    activity: '/activity',
    operations: '/operations',
    usage: '/usage',
    announcements: '/announcements',
    trash: '/trash',
    settings: '/settings',
    me: '/me',
    'me-security': '/me?tab=security',
    'me-substitutions': '/me?tab=substitutions',
    'me-notices': '/me?tab=notices',
    notifications: '/notifications',
    nothing: '/nothing-here',
  }
  return Object.fromEntries(Object.entries(found).filter((entry): entry is [string, string] => Boolean(entry[1])))
}
