import { spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { platform } from '../build/platform.ts'
import { api } from './routes.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const PROGRAM = resolve(ROOT, 'artifacts/bin/Provider/release/Workflows.Provider.dll')

const freePort = () =>
  new Promise<number>((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => done(port))
    })
  })

/** Lets the tenant's calls reach a port of this machine, as an operator does. */
async function allow(port: number) {
  const known = platform(resolve(import.meta.dirname, '..'))
  const run = JSON.parse(readFileSync(resolve(ROOT, '.local/run.json'), 'utf8')) as Record<string, string>
  const call = async (method: string, path: string, body: unknown, token?: string) => {
    const answer = await fetch(`${known?.api}/api/v1${path}`, {
      method,
      headers: {
        'Content-Type': 'application/json',
        'If-Match': '*',
        ...(token ? { Authorization: `Bearer ${token}` } : {}),
      },
      body: JSON.stringify(body),
    })
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
    return ((await answer.json()) as { data: { accessToken: string } }).data
  }
  const login = { email: run.operatorEmail, password: run.operatorPassword }
  const { accessToken } = await call('POST', '/auth/login', login)
  const settings = { httpAllow: [`127.0.0.1:${port}`] }
  await call('PATCH', `/tenants/${run.tenantId}`, { settings }, accessToken)
  await new Promise((done) => setTimeout(done, 6_000)) // processes trust what they know for five seconds
}

/** A provider of models that answers by rules, and a model of it; what takes both away. */
export async function startProvider(model: string): Promise<() => Promise<void>> {
  const port = await freePort()
  const server = spawn('dotnet', ['exec', PROGRAM, String(port)], { stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise((done) => server.stdout.once('data', done))
  await allow(port)
  const connector = await api<{ id: string }>('POST', '/connectors', {
    name: `provider-${port}`,
    type: 'model',
    config: { provider: 'compatible', baseUrl: `http://127.0.0.1:${port}/v1`, apiKey: 'none' },
  })
  const { id } = await api<{ id: string }>('POST', '/models', {
    name: model,
    kind: 'chat',
    connectorId: connector.id,
    model: 'none',
    inputPrice: 2,
    outputPrice: 8,
    isDefault: true,
  })
  return async () => {
    server.kill()
    await api('DELETE', `/models/${id}`)
    await api('DELETE', `/connectors/${connector.id}`)
  }
}
