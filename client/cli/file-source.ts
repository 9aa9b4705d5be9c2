import { createReadStream } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { basename, extname, join } from 'node:path'
import { addAbortSignal, type Readable } from 'node:stream'
import { iterJsonLines } from '../node/json-lines.ts'
import { isRecord, type PlainRecord } from '../record.ts'
import type { SyncData } from '../sync/source/source.ts'
import { CommandError } from './usage.ts'

/** What reading a source takes. */
export interface SourceContext {
  signal: AbortSignal
  /** Takes the description of a record that cannot be read. */
  onUnreadable(text: string): void
}

/** Stands for a record that cannot be read. It has no id, so the run counts it as failed and deletes nothing that is missing. */
const UNREADABLE: PlainRecord = {}

/** Datasets of a file of JSON lines; `-` is standard input. */
export async function* readLines(path: string, { signal, onUnreadable }: SourceContext): AsyncGenerator<PlainRecord, void, undefined> {
  const bytes: Readable = path === '-' ? process.stdin : createReadStream(path)
  for await (const { number, value, fault } of iterJsonLines(addAbortSignal(signal, bytes))) {
    if (isRecord(value)) yield toSourceRecord(value)
    else {
      onUnreadable(`line ${number} ${fault ?? 'is not a JSON object'}`)
      yield UNREADABLE
    }
  }
}

const FOLDERS = { datasets: 'dataset', groups: 'group', organizations: 'organization' } as const

/** A folder with the sub-folders `dataset`, `group` and `organization`, one JSON file for each record. A file's name stands for a missing id, or name of a
 * group or organization.
 */
export async function readFolder(path: string, context: SourceContext): Promise<SyncData> {
  const entries = await readdir(path, { withFileTypes: true })
  const folders = entries.filter((one) => one.isDirectory()).map(({ name }) => name)
  if (!folders.includes(FOLDERS.datasets)) throw new CommandError(`${path} has no folder ${FOLDERS.datasets} with a JSON file for each dataset`)
  const data: SyncData = {}
  for (const [kind, folder] of Object.entries(FOLDERS)) {
    if (!folders.includes(folder)) continue
    const names = (await readdir(join(path, folder))).filter((name) => extname(name) === '.json').sort()
    const files = names.map((name) => join(path, folder, name))
    Object.assign(data, { [kind]: readFiles(files, kind === 'datasets' ? 'id' : 'name', context) })
  }
  return data
}

async function* readFiles(paths: string[], key: 'id' | 'name', context: SourceContext): AsyncGenerator<PlainRecord, void, undefined> {
  for (const path of paths) {
    context.signal.throwIfAborted()
    const record = parseRecord(await readFile(path, 'utf8'))
    if (record === null) context.onUnreadable(`${path} is not a JSON object`)
    yield record === null ? UNREADABLE : { [key]: basename(path, '.json'), ...toSourceRecord(record) }
  }
}

/** The JSON object in a text; null if it is something else. */
export function parseRecord(text: unknown): PlainRecord | null {
  try {
    const value: unknown = typeof text === 'string' ? JSON.parse(text) : null
    return isRecord(value) ? value : null
  } catch {
    return null
  }
}

/** A record as another catalogue dumps it, as a record of a source: the organization by its name, resources without what means something there only. */
export function toSourceRecord(record: PlainRecord): PlainRecord {
  const { organization, resources } = record
  const owner = isRecord(organization) && typeof organization['name'] === 'string' ? { owner_org: organization['name'] } : {}
  const kept = Array.isArray(resources)
    ? { resources: resources.map((resource: unknown) => (isRecord(resource) ? portable(resource) : resource)) }
    : {}
  return { ...record, ...owner, ...kept }
}

function portable({ url_type: _type, revision_id: _revision, ...resource }: PlainRecord): PlainRecord {
  return resource
}
