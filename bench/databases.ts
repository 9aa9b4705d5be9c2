import { randomBytes } from 'node:crypto'
import { Client } from 'pg'

const server = process.env['TEST_DATABASE_URL'] ?? 'postgres://postgres@127.0.0.1:5432/postgres'

/** A database that a benchmark runs on. */
export type BenchLeg = 'sqlite' | 'postgres'

/** The databases that a benchmark runs on: SQLite always, PostgreSQL when one answers. */
export async function benchLegs(): Promise<BenchLeg[]> {
  try {
    await onServer((client) => client.query('select 1'))
    return ['sqlite', 'postgres']
  } catch {
    console.log('PostgreSQL does not answer; only SQLite is measured (set TEST_DATABASE_URL)')
    return ['sqlite']
  }
}

/** An empty database, for a hub that makes its own schema in it: the `DATABASE_URL` (empty: SQLite in the data folder), and what drops it. */
export async function emptyDatabase(leg: BenchLeg): Promise<{ url: string; drop: () => Promise<void> }> {
  if (leg === 'sqlite') return { url: '', drop: () => Promise.resolve() }
  const name = `millrace_test_${randomBytes(8).toString('hex')}`
  await onServer((client) => client.query(`create database ${name} template template0 encoding 'UTF8' locale 'C'`))
  const url = new URL(server)
  url.pathname = `/${name}`
  return { url: url.href, drop: () => onServer((client) => client.query(`drop database ${name} with (force)`)) }
}

async function onServer(run: (client: Client) => Promise<unknown>): Promise<void> {
  const client = new Client({ connectionString: server, connectionTimeoutMillis: 1000 })
  await client.connect()
  try {
    await run(client)
  } finally {
    await client.end()
  }
}
