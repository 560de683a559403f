import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'

export interface Platform {
  api: string
  apiKey?: string
  email?: string
  password?: string
  operatorEmail?: string
  operatorPassword?: string
}

interface RunFile {
  api: string
  apiKey?: string
  ownerEmail?: string
  ownerPassword?: string
  operatorEmail?: string
  operatorPassword?: string
  email?: string
  password?: string
}

/**
 * Where the platform is, and who signs in: CONSOLE_API, CONSOLE_EMAIL and CONSOLE_PASSWORD, or else the file that
 * `./run` writes (`.local/run.json`, or the one that CONSOLE_RUN_FILE names).
 */
export function platform(root: string): Platform | null {
  const { CONSOLE_API, CONSOLE_EMAIL, CONSOLE_PASSWORD, CONSOLE_RUN_FILE } = process.env
  if (CONSOLE_API) return { api: CONSOLE_API, email: CONSOLE_EMAIL, password: CONSOLE_PASSWORD }
  const file = CONSOLE_RUN_FILE ?? resolve(root, '../.local/run.json')
  if (!existsSync(file)) return null
  const run = JSON.parse(readFileSync(file, 'utf8')) as RunFile
  return {
    api: run.api,
    apiKey: run.apiKey,
    email: run.ownerEmail ?? run.email,
    password: run.ownerPassword ?? run.password,
    operatorEmail: run.operatorEmail,
    operatorPassword: run.operatorPassword,
  }
}
