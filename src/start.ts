import { randomBytes, randomUUID } from 'node:crypto'
import { access, constants, link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Logger } from 'pino'
import { openVault, type Vault } from './auth/secret.ts'
import { licencesOf } from './catalogue/licence/list.ts'
import type { Config } from './config.ts'
import { reasonOf } from './store/database-error.ts'
import type { FileStore } from './store/files/file-store.ts'
import { LocalFileStore } from './store/files/local-file-store.ts'
import { migrate } from './store/migrate.ts'
import { PostgresStore } from './store/postgres/store.ts'
import { ensureSetting } from './store/settings.ts'
import type { DatabasePlace } from './store/snapshots.ts'
import { SqliteStore } from './store/sqlite/store.ts'
import type { Store } from './store/store.ts'

/** A reason not to start, in one line that says what to do. */
export class StartError extends Error {
  override readonly name = 'StartError'
}

/** What every command that touches data begins with. */
export interface OpenData {
  readonly store: Store
  readonly files: FileStore
  readonly vault: Vault
}

/**
 * Opens data folder, secret and database, brings the schema up to date and checks that they belong together.
 * Throws a `StartError` when the folder cannot be written, the database does not answer, or something does not fit.
 */
export async function openData(config: Config, log: Logger): Promise<OpenData> {
  // A file that cannot be used is a wrong setting: it stops the start, not the first request that needs it.
  licencesOf(config)
  const folder = resolve(config.dataDir)
  await ensureWritable(folder)
  const vault = openVault(config.secret ?? (await ownSecret(folder)))
  const store = await openStore(config, log)
  try {
    const taken = await migrate(store)
    if (taken.length > 0) log.info({ migrations: taken }, 'the database schema is up to date')
    await checkTogether(store, folder, vault)
  } catch (error) {
    await store.close()
    throw error instanceof StartError ? error : new StartError(`the database cannot be used: ${reasonOf(error)}`, { cause: error })
  }
  return { store, files: new LocalFileStore(join(folder, 'files')), vault }
}

/** Where the database of these settings is. */
export function databasePlace({ database, dataDir }: Config): DatabasePlace {
  return database.kind === 'postgres' ? database : { kind: 'sqlite', path: database.path ?? join(resolve(dataDir), 'millrace.db') }
}

async function openStore(config: Config, log: Logger): Promise<Store> {
  const place = databasePlace(config)
  if (place.kind === 'sqlite') {
    try {
      return new SqliteStore(place.path)
    } catch (error) {
      throw new StartError(`cannot open the database ${place.path}: ${(error as Error).message}`, { cause: error })
    }
  }
  const store = new PostgresStore(place.url, log)
  try {
    await store.start()
    return store
  } catch (error) {
    await store.close()
    throw new StartError(`PostgreSQL at ${withoutPassword(place.url)} cannot be used: ${reasonOf(error)}. Start it, or correct DATABASE_URL.`, {
      cause: error,
    })
  }
}

async function ensureWritable(folder: string): Promise<void> {
  try {
    await mkdir(join(folder, 'files'), { recursive: true })
    await access(folder, constants.W_OK)
    await access(join(folder, 'files'), constants.W_OK)
  } catch (error) {
    throw new StartError(`the data folder ${folder} cannot be written: ${(error as Error).message}. Set MILLRACE_DATA_DIR to one that can.`, {
      cause: error,
    })
  }
}

/** The secret that was generated into the folder at the first start; several processes may start at once. */
async function ownSecret(folder: string): Promise<string> {
  return ownText(join(folder, 'secret'), () => randomBytes(32).toString('hex'))
}

/** The file appears with all of its text, so that a process which starts at the same time never reads half of it. */
async function ownText(path: string, make: () => string): Promise<string> {
  const known = await readFile(path, 'utf8').catch(unlessMissing)
  if (known !== undefined) return known
  const draft = `${path}.${randomUUID()}`
  try {
    await writeFile(draft, make(), { mode: 0o600, flush: true })
    await link(draft, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    await rm(draft, { force: true })
  }
  return readFile(path, 'utf8')
}

function unlessMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}

/** Processes on one database must see the same bytes and hold the same secret. */
async function checkTogether(store: Store, folder: string, vault: Vault): Promise<void> {
  const known = await ensureSetting(store, 'secret_fingerprint', vault.fingerprint)
  if (known !== vault.fingerprint) {
    throw new StartError(
      'this database was made with another secret. Set MILLRACE_SECRET to the one of the other processes, or copy the file "secret" of their data folder.',
    )
  }
  const folderId = await ownText(join(folder, 'files', 'id'), randomUUID)
  const knownFolder = await ensureSetting(store, 'files_id', folderId)
  if (knownFolder !== folderId) {
    throw new StartError(
      `the files of this database lie in another folder than ${join(folder, 'files')}. Set MILLRACE_DATA_DIR to the folder that all processes share.`,
    )
  }
}

function withoutPassword(address: string): string {
  const url = new URL(address)
  url.password = ''
  return url.href
}
