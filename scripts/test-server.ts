import { Client } from 'pg'

/** The PostgreSQL server of the tests; its user must be allowed to create databases. */
export const testServer = process.env['TEST_DATABASE_URL'] ?? 'postgres://postgres@127.0.0.1:5432/postgres'

/** Why the server cannot be used, in one line, or undefined if it answers. */
export async function whyNoServer(): Promise<string | undefined> {
  try {
    await onServer((client) => client.query('select 1'))
    return undefined
  } catch (error) {
    return error instanceof AggregateError ? error.errors.map(String).join('; ') : String(error)
  }
}

/**
 * Drops databases that killed runs left, and templates of earlier schemas. A database in use, or new enough
 * to belong to a concurrent run, is kept.
 */
export async function dropLeftovers(): Promise<void> {
  await onServer(async (client) => {
    const { rows } = await client.query<{ datname: string }>(`
      select datname from pg_database d
      where (datname like 'millrace\\_test\\_%' or datname like 'millrace\\_template\\_%')
        and not exists (select 1 from pg_stat_activity a where a.datname = d.datname)
        and (pg_stat_file('base/' || oid || '/PG_VERSION', true)).modification
            < now() - case when datname like 'millrace\\_test\\_%' then interval '15 minutes' else interval '1 day' end`)
    for (const { datname } of rows) await client.query(`drop database if exists "${datname}"`)
  })
}

async function onServer(run: (client: Client) => Promise<unknown>): Promise<void> {
  const client = new Client({ connectionString: testServer, connectionTimeoutMillis: 3000 })
  await client.connect()
  try {
    await run(client)
  } finally {
    await client.end()
  }
}
