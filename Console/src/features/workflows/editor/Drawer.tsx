import { CloseButton } from '@mantine/core'
import { CircleCheck, TriangleAlert } from 'lucide-react'
import { lazy, Suspense } from 'react'
import { Waiting } from '../../../ui/EmptyState'
import { SafeText } from '../../../ui/SafeText'
import { PanelBoundary } from '../../../ui/PanelBoundary'
import { ScrollRegion } from '../../../ui/ScrollRegion'
import { useActs } from './acts'
import { type DrawerTab, useEditorContext, useView } from './context'
import { classes } from './classes'
import type { Problem } from './model/problems'
import { text } from './text'

const DefinitionJson = lazy(async () => ({ default: (await import('./panel/JsonTab')).DefinitionJson }))
const TestPanel = lazy(async () => ({ default: (await import('./TestPanel')).TestPanel }))
const LABELS: Record<DrawerTab, string> = { problems: text.problems, json: text.json, tests: text.tests }

function Problems() {
  const { store, view } = useEditorContext()
  const acts = useActs()
  const problems = useView((state) => state.problems)
  const isChecked = useView((state) => state.isChecked)
  const open = (problem: Problem) => {
    if (problem.node === null) {
      store.getState().choose([])
      view.setState({ isPanelOpen: true })
    } else acts.open(problem.node, problem.field)
    if (problem.edge) store.getState().chooseEdge(problem.edge)
  }
  if (problems.length === 0) return <p className={classes.hint}>{isChecked ? text.noProblems : text.checking}</p>
  return (
    <ul className={classes.problems}>
      {problems.map((problem, index) => (
        <li key={`${problem.pointer}${problem.code}${index}`}>
          <button type="button" className={classes.problem} onClick={() => open(problem)}>
            <TriangleAlert size={14} aria-hidden />
            <span>
              <SafeText most={400}>{problem.message}</SafeText> <span className={classes.quiet}>{problem.hint}</span>
            </span>
            <code className={classes.where}>
              {problem.node ? `${problem.node}${problem.field}` : problem.pointer || '/'}
            </code>
          </button>
        </li>
      ))}
    </ul>
  )
}

/** Below the canvas: what is wrong, the whole as JSON, and the last test. */
export function Drawer() {
  const { view } = useEditorContext()
  const drawer = useView((state) => state.drawer)
  const count = useView((state) => state.problems.length)
  const isChecked = useView((state) => state.isChecked)
  const test = useView((state) => state.test)
  const tabs: [DrawerTab, string][] = [
    ['problems', count > 0 ? text.problemCount(count) : text.problems],
    ['json', text.json],
    ['tests', test ? `${text.tests}: ${test.status}` : text.tests],
  ]
  return (
    <section className={classes.drawer} data-open={drawer !== null || undefined} aria-label="Drawer">
      <div className={classes.drawerTabs}>
        {tabs.map(([tab, label]) => (
          <button
            key={tab}
            type="button"
            className={classes.drawerTab}
            aria-expanded={drawer === tab}
            data-bad={(tab === 'problems' && count > 0) || undefined}
            onClick={() => view.setState({ drawer: drawer === tab ? null : tab })}
          >
            {tab === 'problems' &&
              (count > 0 ? <TriangleAlert size={13} aria-hidden /> : <CircleCheck size={13} aria-hidden />)}
            {label}
          </button>
        ))}
        <span className={classes.quiet} role="status">
          {isChecked ? '' : text.checking}
        </span>
        <span className={classes.grow} />
        {drawer && (
          <CloseButton size="sm" aria-label="Close the drawer" onClick={() => view.setState({ drawer: null })} />
        )}
      </div>
      {drawer && (
        <ScrollRegion className={classes.drawerBody} label={LABELS[drawer]}>
          <PanelBoundary resetOn={drawer}>
            <Suspense fallback={<Waiting rows={3} />}>
              {drawer === 'problems' && <Problems />}
              {drawer === 'json' && <DefinitionJson />}
              {drawer === 'tests' && <TestPanel />}
            </Suspense>
          </PanelBoundary>
        </ScrollRegion>
      )}
    </section>
  )
}
