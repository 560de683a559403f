import type { ComponentType } from 'react'

type Load = () => Promise<{ default: ComponentType }>

/** Each page of the console is a chunk of its own, loaded when it is opened first. */
export const pages: Record<string, Load> = {
  '/': () => import('../features/home/HomePage'),
  '/workflows': () => import('../features/workflows/WorkflowsPage'),
  '/workflows/$workflowId': () => import('../features/workflows/WorkflowPage'),
  '/executions': () => import('../features/executions/RunsPage'),
  '/executions/$executionId': () => import('../features/executions/RunPage'),
  '/approvals': () => import('../features/approvals/ApprovalsPage'),
  '/approvals/$approvalId': () => import('../features/approvals/ApprovalsPage'),
  '/events': () => import('../features/events/EventsPage'),
  '/events/$eventId': () => import('../features/events/EventPage'),
  '/rules': () => import('../features/rules/RulesPage'),
  '/rules/$ruleId': () => import('../features/rules/RulePage'),
  '/schedules': () => import('../features/schedules/SchedulesPage'),
  '/search': () => import('../features/search/SearchPage'),
  '/dead-letters': () => import('../features/deadLetters/DeadLettersPage'),
  '/jobs': () => import('../features/jobs/JobsPage'),
  '/jobs/$jobId': () => import('../features/jobs/JobPage'),
  '/job-runs/$runId': () => import('../features/jobs/JobRunPage'),
}

/** Pages that are there for who has not signed in. */
export const OPEN_PATHS = [/^\/invite\/[^/]+$/, /^\/reset-password\/[^/]+$/, /^\/verify-email\/[^/]+$/, /^\/forgot$/]
