import { Client } from 'pg'

/** The databases that a benchmark runs on: SQLite always, PostgreSQL when one answers. */
export async function benchLegs(): Promise<('sqlite' | 'postgres')[]> {
  const client = new Client({
    connectionString: process.env['TEST_DATABASE_URL'] ?? 'postgres://postgres@127.0.0.1:5432/postgres',
    connectionTimeoutMillis: 1000,
  })
  try {
    await client.connect()
    await client.end()
    return ['sqlite', 'postgres']
  } catch {
    console.log('PostgreSQL does not answer; only SQLite is measured (set TEST_DATABASE_URL)')
    return ['sqlite']
  }
}
