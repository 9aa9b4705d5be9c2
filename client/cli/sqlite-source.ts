import type { DatabaseSync } from 'node:sqlite'
import type { PlainRecord } from '../record.ts'
import type { SyncData } from '../sync/source/source.ts'
import { parseRecord, type SourceContext, toSourceRecord } from './file-source.ts'
import { CommandError } from './usage.ts'

const TABLES = { datasets: 'dataset', groups: 'group', organizations: 'organization' } as const
const OLDEST_NODE = '22.13'

/** A source in a SQLite file: tables `dataset`, `group` and `organization` with the columns `id` and `json_data`. `close` closes the file.
 * @throws CommandError if this Node has no SQLite, or the file no table `dataset`.
 */
export async function openSqliteSource(path: string, context: SourceContext): Promise<{ data: SyncData; close: () => void }> {
  const database = await openDatabase(path)
  try {
    const rows = database.prepare("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')").all()
    const tables = rows.map(({ name }) => name)
    if (!tables.includes(TABLES.datasets)) throw new CommandError(`${path} has no table ${TABLES.datasets} with the columns id and json_data`)
    const found = Object.entries(TABLES).filter(([, table]) => tables.includes(table))
    const data = found.map(([kind, table]) => [kind, readTable(database, table, context)] as const)
    return { data: Object.fromEntries(data), close: () => database.close() }
  } catch (error) {
    database.close()
    throw error
  }
}

async function openDatabase(path: string): Promise<DatabaseSync> {
  const sqlite = await import('node:sqlite').catch(() => null)
  if (sqlite === null) throw new CommandError(`a SQLite source needs Node ${OLDEST_NODE} or newer; this is ${process.versions.node}`)
  return new sqlite.DatabaseSync(path, { readOnly: true })
}

async function* readTable(database: DatabaseSync, table: string, context: SourceContext): AsyncGenerator<PlainRecord, void, undefined> {
  const key = table === TABLES.datasets ? 'id' : 'name'
  for (const { id, json_data: text } of database.prepare(`SELECT id, json_data FROM "${table}" ORDER BY id`).iterate()) {
    context.signal.throwIfAborted()
    const record = parseRecord(text)
    if (record === null) context.onUnreadable(`table ${table}, id ${JSON.stringify(String(id))}: json_data is not a JSON object`)
    yield record === null ? {} : { [key]: String(id), ...toSourceRecord(record) }
  }
}
