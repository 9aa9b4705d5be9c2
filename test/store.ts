import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { pino } from 'pino'
import { postgresDialect } from '../src/store/dialect.ts'
import { migrate } from '../src/store/migrate.ts'
import { migrations } from '../src/store/migrations/index.ts'
import { PostgresStore } from '../src/store/postgres/store.ts'
import { SqliteStore } from '../src/store/sqlite/store.ts'
import type { Store } from '../src/store/store.ts'

/** Which database the tests of this run meet: `npm test` runs them once for each. */
export type Leg = 'sqlite' | 'postgres' | 'postgres-icu'

export const leg: Leg = (process.env['MILLRACE_TEST_LEG'] as Leg | undefined) ?? 'sqlite'
const server = process.env['TEST_DATABASE_URL'] ?? 'postgres://postgres@127.0.0.1:5432/postgres'
const silent = pino({ level: 'silent' })

/** A fresh, migrated database: its address as `DATABASE_URL` takes it, and what removes it. */
export interface TestDatabase {
  readonly url: string
  drop(): Promise<void>
}

/** Makes a database of this run's leg (or of another one); on PostgreSQL a clone of a migrated template. */
export async function makeDatabase(kind: Leg = leg): Promise<TestDatabase> {
  if (kind === 'sqlite') return makeSqlite()
  const name = `millrace_test_${randomBytes(8).toString('hex')}`
  await onServer(async (client) => {
    const template = await ensureTemplate(client, kind)
    await client.query(`create database ${name} template ${template}`)
  })
  const url = new URL(server)
  url.pathname = `/${name}`
  return { url: url.href, drop: () => onServer(async (client) => void (await client.query(`drop database ${name} with (force)`))) }
}

/** Opens a store at the address that `makeDatabase` gave; several may be open on one database. */
export async function openTestStore(url: string): Promise<Store> {
  if (url.startsWith('sqlite:')) return new SqliteStore(url.slice('sqlite:'.length))
  const store = new PostgresStore(url, silent)
  await store.start()
  return store
}

/** A store on a database of its own, for one test file: `const { store, drop } = await freshStore()`. */
export async function freshStore(): Promise<{ store: Store; url: string; drop: () => Promise<void> }> {
  const database = await makeDatabase()
  const store = await openTestStore(database.url)
  const drop = async () => {
    await store.close()
    await database.drop()
  }
  return { store, url: database.url, drop }
}

async function makeSqlite(): Promise<TestDatabase> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-test-'))
  const path = join(folder, 'millrace.db')
  const store = new SqliteStore(path)
  await migrate(store)
  await store.close()
  return { url: `sqlite:${path}`, drop: () => rm(folder, { recursive: true, force: true }) }
}

async function onServer<T>(run: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: server })
  await client.connect()
  try {
    return await run(client)
  } finally {
    await client.end()
  }
}

/** One template for each leg and schema; test files that start together wait for the first of them. */
async function ensureTemplate(client: Client, kind: Leg): Promise<string> {
  const schema = migrations.map((one) => [one.name, ...one.statements(postgresDialect)].join('\n')).join('\n')
  const name = `millrace_template_${kind === 'postgres' ? 'c' : 'icu'}_${createHash('sha256').update(schema).digest('hex').slice(0, 12)}`
  await client.query('select pg_advisory_lock(7235999)')
  try {
    const known = await client.query('select 1 from pg_database where datname = $1', [name])
    if (known.rowCount === 0) await makeTemplate(client, name, kind)
  } finally {
    await client.query('select pg_advisory_unlock(7235999)')
  }
  return name
}

async function makeTemplate(client: Client, name: string, kind: Leg): Promise<void> {
  const half = `${name}_half`
  const locale = kind === 'postgres' ? "locale 'C'" : "locale_provider icu icu_locale 'en-US' locale 'C'"
  await client.query(`drop database if exists ${half} with (force)`)
  await client.query(`create database ${half} template template0 encoding 'UTF8' ${locale}`)
  const url = new URL(server)
  url.pathname = `/${half}`
  const store = new PostgresStore(url.href, silent)
  await migrate(store)
  await store.close()
  await client.query(`alter database ${half} rename to ${name}`)
}
