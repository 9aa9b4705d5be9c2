import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { type App, type Parts, startApp } from '../src/app.ts'
import { parseConfig } from '../src/config.ts'
import { makeDatabase } from './store.ts'

/** A whole hub on a database and folder of its own, listening on a free port of loopback. */
export interface TestHub {
  readonly url: string
  readonly app: App
  readonly http: FastifyInstance
  readonly adminKey: string
  /** `DATABASE_URL` and the other settings of this hub, to start further processes beside it. */
  readonly environment: Record<string, string>
  close(): Promise<void>
}

export const adminKey = 'test-sysadmin-key-0001'

/** Settings of a hub on a fresh database; `drop` removes database and folder. */
export async function makeEnvironment(
  settings: Record<string, string> = {},
): Promise<{ environment: Record<string, string>; drop: () => Promise<void> }> {
  const database = await makeDatabase()
  const folder = await mkdtemp(join(tmpdir(), 'millrace-hub-'))
  const environment = {
    PORT: '0',
    DATABASE_URL: database.url,
    MILLRACE_DATA_DIR: folder,
    MILLRACE_ADMIN_API_KEY: adminKey,
    MILLRACE_ADMIN_PASSWORD: 'test-password',
    LOG_LEVEL: 'silent',
    ...settings,
  }
  const drop = async () => {
    await database.drop()
    await rm(folder, { recursive: true, force: true })
  }
  return { environment, drop }
}

/** Starts a hub of this run's leg; close it in `after`. */
export async function startHub(settings: Record<string, string> = {}, parts: Parts = { http: true, workers: true }): Promise<TestHub> {
  const { environment, drop } = await makeEnvironment(settings)
  const config = parseConfig(environment)
  const app = await startApp(config, pino({ level: config.logLevel }), parts)
  const close = async () => {
    await app.close()
    await drop()
  }
  return { url: app.url ?? '', app, http: app.http as FastifyInstance, adminKey, environment, close }
}
