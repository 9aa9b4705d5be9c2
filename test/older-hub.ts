import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { Client } from 'pg'
import { leg } from './store.ts'

const fixture = join(import.meta.dirname, 'fixtures/older-hub')
const server = process.env['TEST_DATABASE_URL'] ?? 'postgres://postgres@127.0.0.1:5432/postgres'
const unpack = async (name: string) => gunzipSync(await readFile(join(fixture, name)))

/** API key of the older hub's sysadmin. */
export const olderKey = 'fixture-sysadmin-key'

/** Settings of a hub on a copy of what an older version left behind (`fixtures/older-hub`), on this run's database; `drop` removes the copy. */
export async function copyOlderHub(): Promise<{ environment: Record<string, string>; drop: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-older-'))
  for (const [path, bytes] of Object.entries(JSON.parse((await unpack('files.json.gz')).toString()) as Record<string, string>)) {
    const target = join(folder, 'files', path)
    await mkdir(dirname(target), { recursive: true })
    await writeFile(target, Buffer.from(bytes, 'base64'))
  }
  const database = leg === 'sqlite' ? await copySqlite(folder) : await copyPostgres()
  const environment = {
    PORT: '0',
    DATABASE_URL: database.url,
    MILLRACE_DATA_DIR: folder,
    MILLRACE_SECRET: 'a-secret-for-the-fixture',
    LOG_LEVEL: 'silent',
  }
  const drop = async () => {
    await database.drop()
    await rm(folder, { recursive: true, force: true })
  }
  return { environment, drop }
}

interface Copy {
  readonly url: string
  drop(): Promise<void>
}

async function copySqlite(folder: string): Promise<Copy> {
  await writeFile(join(folder, 'millrace.db'), await unpack('millrace.db.gz'))
  return { url: '', drop: () => Promise.resolve() }
}

async function copyPostgres(): Promise<Copy> {
  const name = `millrace_test_${randomBytes(8).toString('hex')}`
  await onDatabase(server, `create database ${name} template template0 encoding 'UTF8' locale 'C'`)
  const url = new URL(server)
  url.pathname = `/${name}`
  await onDatabase(url.href, (await unpack('postgres.sql.gz')).toString())
  return { url: url.href, drop: () => onDatabase(server, `drop database ${name} with (force)`) }
}

async function onDatabase(url: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}
