import { readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'

const TREE = resolve(import.meta.dirname, '../..')

/** Whether the program of a process is the API of the platform of this tree. */
function isApi(pid: string): boolean {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
    return words.some((word) => word.startsWith(TREE) && word.endsWith('/Workflows.Api.dll'))
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return false // it ended meanwhile
    throw error
  }
}

/** Makes the API stand still, as a machine that hangs does. What comes back lets it go on. */
export function suspendApi(): () => void {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && isApi(name))
  if (pids.length === 0) throw new Error('The API of the platform is no process here.')
  pids.forEach((pid) => process.kill(Number(pid), 'SIGSTOP'))
  return () => pids.forEach((pid) => process.kill(Number(pid), 'SIGCONT'))
}
