import { ChevronRight, Folder, FolderTree, Network } from 'lucide-react'
import { useState } from 'react'
import { useApi } from '../../api/queries'
import type { FolderView, JobView, WorkspaceView } from '../../api/schema.gen'
import { SafeText } from '../../ui/SafeText'
import classes from './Workflows.module.css'

type Kind = 'workspace' | 'folder' | 'job'

interface Props {
  chosen: string | null
  onChoose: (job: { id: string; name: string } | null) => void
}

const ICONS = { workspace: FolderTree, folder: Folder, job: Network }

interface NodeProps extends Props {
  kind: Kind
  id: string
  workspace: string
  name: string
  depth: number
}

function useChildren(kind: Kind, id: string, workspace: string, isOpen: boolean) {
  const folders = useApi<FolderView[]>(
    isOpen && kind !== 'job' ? `/workspaces/${workspace}/folders` : null,
    { per_page: 100 },
    { staleTime: 30_000 },
  )
  const jobs = useApi<JobView[]>(
    isOpen && kind === 'folder' ? `/folders/${id}/jobs` : null,
    { per_page: 100 },
    { staleTime: 30_000 },
  )
  const parent = kind === 'workspace' ? null : id
  return {
    folders: (folders.data ?? []).filter((folder) => folder.parentId === parent),
    jobs: jobs.data ?? [],
  }
}

function TreeNode({ kind, id, workspace, name, depth, chosen, onChoose }: NodeProps) {
  const [isOpen, setOpen] = useState(kind === 'workspace')
  const children = useChildren(kind, id, workspace, isOpen)
  const Icon = ICONS[kind]
  const act = () => (kind === 'job' ? onChoose(chosen === id ? null : { id, name }) : setOpen(!isOpen))
  return (
    <li>
      <button
        type="button"
        className={classes.treeItem}
        style={{ paddingInlineStart: 8 + depth * 14 }}
        aria-expanded={kind === 'job' ? undefined : isOpen}
        aria-pressed={kind === 'job' ? chosen === id : undefined}
        onClick={act}
      >
        {kind === 'job' ? (
          <span className={classes.treeGap} />
        ) : (
          <ChevronRight size={13} aria-hidden className={classes.chevron} />
        )}
        <Icon size={14} aria-hidden />
        <span className={classes.treeName}>
          <SafeText most={50}>{name}</SafeText>
        </span>
      </button>
      {isOpen && (children.folders.length > 0 || children.jobs.length > 0) && (
        <ul className={classes.tree}>
          {children.folders.map((folder) => (
            <TreeNode
              key={folder.id}
              kind="folder"
              id={folder.id}
              workspace={workspace}
              name={folder.name}
              depth={depth + 1}
              chosen={chosen}
              onChoose={onChoose}
            />
          ))}
          {children.jobs.map((job) => (
            <TreeNode
              key={job.id}
              kind="job"
              id={job.id}
              workspace={workspace}
              name={job.name}
              depth={depth + 1}
              chosen={chosen}
              onChoose={onChoose}
            />
          ))}
        </ul>
      )}
    </li>
  )
}

/** Workspaces, folders and jobs, each read when it is opened. */
export function Tree({ chosen, onChoose }: Props) {
  const workspaces = useApi<WorkspaceView[]>('/workspaces', { per_page: 100 }, { staleTime: 30_000 })
  return (
    <nav aria-label="Workspaces">
      <ul className={classes.tree}>
        <li>
          <button
            type="button"
            className={classes.treeItem}
            aria-pressed={chosen === null}
            onClick={() => onChoose(null)}
          >
            <span className={classes.treeName}>All workflows</span>
          </button>
        </li>
        {workspaces.data?.map((one) => (
          <TreeNode
            key={one.id}
            kind="workspace"
            id={one.id}
            workspace={one.id}
            name={one.name}
            depth={0}
            chosen={chosen}
            onChoose={onChoose}
          />
        ))}
      </ul>
    </nav>
  )
}
