import type { ComponentType } from 'react'

type Load = () => Promise<{ default: ComponentType }>

const link = () => import('../features/auth/LinkPages')

const named =
  <T extends string>(load: () => Promise<Record<T, ComponentType>>, name: T): Load =>
  async () => ({ default: (await load())[name] })

/** Each page of the console is a chunk of its own, loaded when it is opened first. */
export const pages: Record<string, Load> = {
  '/': () => import('../features/home/HomePage'),
  '/workflows': () => import('../features/workflows/WorkflowsPage'),
  '/workflows/$workflowId': () => import('../features/workflows/WorkflowPage'),
  '/workflows/$workflowId/edit': () => import('../features/workflows/editor/EditorPage'),
  '/executions': () => import('../features/executions/RunsPage'),
  '/failures': () => import('../features/executions/FailuresPage'),
  '/executions/$executionId/compare/$otherId': () => import('../features/executions/ComparePage'),
  '/executions/$executionId': () => import('../features/executions/RunPage'),
  '/approvals': () => import('../features/approvals/ApprovalsPage'),
  '/approvals/$approvalId': () => import('../features/approvals/ApprovalsPage'),
  '/events': () => import('../features/events/EventsPage'),
  '/events/$eventId': () => import('../features/events/EventPage'),
  '/rules': () => import('../features/rules/RulesPage'),
  '/rules/new': () => import('../features/rules/RulesPage'),
  '/rules/$ruleId': () => import('../features/rules/RulePage'),
  '/schedules': () => import('../features/schedules/SchedulesPage'),
  '/prompt-cards': () => import('../features/promptCards/CardsPage'),
  '/prompt-cards/$cardId': () => import('../features/promptCards/CardPage'),
  '/search': () => import('../features/search/SearchPage'),
  '/knowledge': () => import('../features/knowledge/KnowledgePage'),
  '/knowledge/$articleId': () => import('../features/knowledge/ArticlePage'),
  '/dead-letters': () => import('../features/deadLetters/DeadLettersPage'),
  '/jobs': () => import('../features/jobs/JobsPage'),
  '/jobs/$jobId': () => import('../features/jobs/JobPage'),
  '/job-runs/$runId': () => import('../features/jobs/JobRunPage'),
  '/connectors': () => import('../features/connectors/ConnectorsPage'),
  '/models': () => import('../features/models/ModelsPage'),
  '/chat': () => import('../features/chat/ChatPage'),
  '/chat/$chatId': () => import('../features/chat/ChatPage'),
  '/secrets': () => import('../features/secrets/SecretsPage'),
  '/variables': () => import('../features/secrets/VariablesPage'),
  '/context': () => import('../features/context/ContextPage'),
  '/sessions': () => import('../features/sessions/SessionsPage'),
  '/api-keys': () => import('../features/apiKeys/ApiKeysPage'),
  '/activity': () => import('../features/activity/ActivityPage'),
  '/people': () => import('../features/users/PeoplePage'),
  '/operations': () => import('../features/operations/OperationsPage'),
  '/notifications': () => import('../features/notifications/NotificationsPage'),
  '/me': () => import('../features/me/MePage'),
  '/settings': () => import('../features/settings/SettingsPage'),
  '/trash': () => import('../features/trash/TrashPage'),
  '/nodes': () => import('../features/nodeTypes/NodesPage'),
  '/usage': () => import('../features/usage/UsagePage'),
  '/announcements': () => import('../features/announcements/AnnouncementsPage'),
  '/tenants': () => import('../features/tenants/TenantsPage'),
  '/invite/$token': named(link, 'InvitePage'),
  '/reset-password/$token': named(link, 'ResetPage'),
  '/verify-email/$token': named(link, 'VerifyPage'),
  '/forgot': named(link, 'ForgotPage'),
}

/** Pages that are there for who has not signed in. */
export const OPEN_PATHS = [/^\/invite\/[^/]+$/, /^\/reset-password\/[^/]+$/, /^\/verify-email\/[^/]+$/, /^\/forgot$/]
