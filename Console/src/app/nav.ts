import {
  Activity,
  Bell,
  Blocks,
  BrainCircuit,
  BookOpen,
  Building2,
  CalendarClock,
  CheckCheck,
  Database,
  Gauge,
  History,
  House,
  KeyRound,
  Layers,
  type LucideIcon,
  Mailbox,
  MessageCircle,
  MessagesSquare,
  Network,
  NotebookPen,
  PlugZap,
  Search,
  Settings,
  ShieldCheck,
  Skull,
  Trash2,
  TriangleAlert,
  Users,
  Variable,
  Wallet,
  Workflow,
  Zap,
} from 'lucide-react'

export interface NavItem {
  href: string
  label: string
  icon: LucideIcon
  /** Hidden without it. */
  needs?: string
  /** The letter after `g`. */
  key?: string
}

export interface NavGroup {
  label: string | null
  items: NavItem[]
}

const item = (href: string, label: string, icon: LucideIcon, needs?: string, key?: string): NavItem => ({
  href,
  label,
  icon,
  needs,
  key,
})

/** The side bar, the pages of Ctrl+K and the keys after `g`: one list for all three. */
export const NAV: NavGroup[] = [
  { label: null, items: [item('/', 'Home', House, undefined, 'h')] },
  {
    label: 'Build',
    items: [
      item('/workflows', 'Workflows', Workflow, 'workflows.read', 'w'),
      item('/nodes', 'Node types', Blocks, 'workflows.read'),
      item('/prompt-cards', 'Prompt cards', NotebookPen, 'prompts.read'),
      item('/knowledge', 'Knowledge', BookOpen, 'knowledge.read', 'k'),
    ],
  },
  {
    label: 'Run',
    items: [
      item('/executions', 'Runs', History, 'executions.read', 'r'),
      item('/failures', 'Failures', TriangleAlert, 'executions.read', 'x'),
      item('/jobs', 'Jobs', Network, 'workflows.read', 'j'),
      item('/dead-letters', 'Dead letters', Skull, 'executions.read', 'd'),
    ],
  },
  { label: 'Decide', items: [item('/approvals', 'Approvals', CheckCheck, 'approvals.read', 'a')] },
  {
    label: 'Trigger',
    items: [
      item('/events', 'Events', Zap, 'events.read', 'e'),
      item('/rules', 'Rules', Layers, 'rules.read', 'u'),
      item('/schedules', 'Schedules', CalendarClock, 'schedules.read', 's'),
    ],
  },
  {
    label: 'Use',
    items: [
      item('/connectors', 'Connectors', PlugZap, 'connectors.read', 'c'),
      item('/secrets', 'Secrets', KeyRound, 'secrets.manage'),
      item('/variables', 'Variables', Variable, 'workflows.read'),
      item('/context', 'Context', Database, 'context.read'),
      item('/sessions', 'Sessions', MessagesSquare, 'sessions.use'),
      item('/models', 'Models', BrainCircuit, 'models.read', 'm'),
    ],
  },
  {
    label: 'Find',
    items: [
      item('/search', 'Search', Search, 'search.read', 'f'),
      item('/chat', 'Chat', MessageCircle, 'chat.use', 'i'),
    ],
  },
  {
    label: 'Manage',
    items: [
      item('/people', 'People', Users, 'users.read', 'p'),
      item('/api-keys', 'API keys', ShieldCheck, 'apikeys.manage'),
      item('/activity', 'Activity', Activity, 'activity.read', 'y'),
      item('/operations', 'Operations', Gauge, 'tenant.manage', 'o'),
      item('/usage', 'Usage and budgets', Wallet, 'usage.read'),
      item('/announcements', 'Announcements', Mailbox, 'announcements.manage'),
      item('/tenants', 'Tenants', Building2, 'platform.read'),
      item('/trash', 'Trash', Trash2, 'workspaces.read'),
      item('/settings', 'Settings', Settings),
    ],
  },
]

export const OWN: NavItem[] = [
  item('/me', 'My account', Users),
  item('/notifications', 'Notifications', Bell, undefined, 'n'),
]

export const allItems = () => [...NAV.flatMap((group) => group.items), ...OWN]
