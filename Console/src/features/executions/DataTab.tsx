import type { ExecutionView } from '../../api/schema.gen'
import { JsonView, StoredValue } from '../../ui/JsonView'
import { Panel } from '../../ui/Page'
import classes from './Run.module.css'

export function DataTab({ run }: { run: ExecutionView }) {
  const path = `/executions/${run.id}/output`
  return (
    <div className={classes.dataTab}>
      <Panel title="Input">
        <StoredValue path={path} query={{ of: 'input' }} label="Input" />
      </Panel>
      <Panel title={run.error ? 'Error' : 'Output'}>
        {run.error !== null && <JsonView value={run.error} label="Error" />}
        {run.error === null && run.output !== null && <StoredValue path={path} query={{}} label="Output" />}
        {run.error === null && run.output === null && (
          <p className={classes.dim}>{run.finishedAt ? 'It answered null.' : 'It has not ended yet.'}</p>
        )}
      </Panel>
      {run.trigger !== null && (
        <Panel title="Trigger">
          <JsonView value={run.trigger} label="Trigger" />
        </Panel>
      )}
    </div>
  )
}
