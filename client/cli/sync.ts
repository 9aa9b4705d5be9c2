import { type FileHandle, open, stat } from 'node:fs/promises'
import { CkanSyncError } from '../errors.ts'
import { FileStateStore } from '../node/file-state-store.ts'
import type { SyncOptions } from '../sync/options.ts'
import type { SyncCounts, SyncItem, SyncReport } from '../sync/report.ts'
import { ckanSource } from '../sync/source/ckan-source.ts'
import type { SyncData } from '../sync/source/source.ts'
import { parseSourceName } from '../sync/source/source-id.ts'
import { parseState, stateKey } from '../sync/state.ts'
import { CkanSyncClient } from '../sync/sync-client.ts'
import type { Call, Command, Ending } from './command.ts'
import { readFolder, readLines, type SourceContext } from './file-source.ts'
import type { Given, OptionTable } from './options.ts'
import { print } from './output.ts'
import { openSqliteSource } from './sqlite-source.ts'
import { CommandError, UsageError } from './usage.ts'

const FLAGS = ['dry-run', 'resume', 'incremental', 'no-delete', 'allow-empty', 'update-groups', 'update-organizations', 'rename', 'move-organization']
const TEXTS = ['concurrency', 'rate', 'max-delete-fraction', 'groups', 'state', 'report']

const options: OptionTable = { quiet: { type: 'boolean', short: 'q' } }
for (const name of FLAGS) options[name] = { type: 'boolean' }
for (const name of TEXTS) options[name] = { type: 'string' }

/** Makes the datasets of one source in the catalogue equal to it. */
export const syncCommand: Command = {
  usage: `sync NAME (DIR | FILE.jsonl | FILE.sqlite | URL) ${FLAGS.map((name) => `[--${name}]`).join(' ')} [--concurrency N] [--rate N] [--max-delete-fraction F] [--groups add|replace|preserve] [--state FILE] [--report FILE.json] [-q]`,
  help: 'makes the datasets of a source in the catalogue equal to it',
  details: `  NAME                name of the source, without colon
  DIR                 folder with the folders dataset, group and organization, one JSON file for each record
  FILE.jsonl          datasets as JSON lines, also gzip; - is standard input
  FILE.sqlite         tables dataset, group and organization with the columns id and json_data
  URL                 the public datasets of another catalogue
  --dry-run           reads and compares, writes nothing; with --report the report lists every item
  --resume            goes on where the last run was interrupted; needs --state
  --incremental       the source gives only what has changed: what is missing is not deleted. A URL is asked for what changed since the
                      start of the last run without failure; that needs --state
  --no-delete         deletes nothing
  --allow-empty       an empty source deletes all its datasets in the catalogue, instead of being an error
  --max-delete-fraction F
                      the greatest part of them that may be deleted, from 0 to 1
  --groups add|replace|preserve
                      whether an update adds the groups of the source, makes them those of the source, or leaves them
  --update-groups, --update-organizations
                      makes those that exist equal to the source
  --rename            updates follow the names of the source
  --move-organization updates follow the organizations of the source
  --concurrency N     requests at a time, 4 if not given
  --rate N            requests a second, at most
  --state FILE        keeps the position of the run here
  --report FILE.json  writes the report here; - is standard output
  -q, --quiet         shows no progress and no summary`,
  options,
  async run(call) {
    const { name, place } = readWords(call.given)
    const settings = readSettings(call)
    const reportPath = call.given.text('report')
    const file = reportPath === undefined || reportPath === '-' ? null : await open(reportPath, 'w')
    try {
      return await runSync(call, { name, place, settings, file })
    } finally {
      await file?.close()
    }
  },
}

interface Order {
  name: string
  place: string
  settings: SyncOptions
  /** Where the report goes; null for standard output or nowhere. */
  file: FileHandle | null
}

function readWords({ words }: Given): { name: string; place: string } {
  const [name, place, ...surplus] = words
  if (name === undefined || place === undefined || surplus.length > 0)
    throw new UsageError('wanted the name of the source, and a folder, file or URL')
  return { name: checked(() => parseSourceName(name)), place }
}

/** The options of the run. Absent ones keep the defaults of the library. */
function readSettings({ given, signal, progress }: Call): SyncOptions {
  for (const name of ['resume', 'incremental']) {
    const needsState = name === 'resume' || /^https?:/.test(given.words[1] ?? '')
    if (given.flag(name) && needsState && given.text('state') === undefined)
      throw new UsageError(`--${name} needs --state FILE, where the run before saved its state`)
  }
  const state = given.text('state')
  const fraction = given.decimal('max-delete-fraction')
  if (fraction !== undefined && fraction > 1) throw new UsageError(`--max-delete-fraction must be from 0 to 1; got ${fraction}`)
  return {
    organizationMergeStrategy: given.flag('update-organizations') ? 'update' : 'create',
    groupMergeStrategy: given.flag('update-groups') ? 'update' : 'create',
    datasetPreserveNames: !given.flag('rename'),
    datasetPreserveOrganization: !given.flag('move-organization'),
    datasetGroupMergeStrategy: given.choice('groups', ['add', 'replace', 'preserve']) ?? 'add',
    deleteMissing: !given.flag('no-delete'),
    allowEmptySource: given.flag('allow-empty'),
    dryRun: given.flag('dry-run'),
    ...(fraction !== undefined && { maxDeleteFraction: fraction }),
    concurrency: given.whole('concurrency') ?? 4,
    ...(state !== undefined && { stateStore: new FileStateStore(state) }),
    onProgress: ({ phase, done, total }) => progress.update(phase, done, total),
    signal,
  }
}

async function runSync(call: Call, { name, place, settings, file }: Order): Promise<Ending> {
  const { given, client, signal, note, progress } = call
  const source = await openSource(place, { signal, onUnreadable: note }, { since: await findSince(given, name, settings) })
  const collectItems = given.flag('dry-run') && given.text('report') !== undefined
  const run = { resume: given.flag('resume'), incremental: given.flag('incremental'), collectItems }
  try {
    const report = await new CkanSyncClient(client, settings).sync(name, source.data, run)
    progress.end()
    await showReport(call, report, file)
    return report.status === 'partial' ? 'partial' : 'done'
  } catch (error) {
    progress.end()
    if (error instanceof CkanSyncError) await showReport(call, error.report, file)
    throw error
  } finally {
    source.close()
  }
}

/** The start of the last run without failure, for an incremental run. */
async function findSince(given: Given, name: string, { stateStore }: SyncOptions): Promise<string | null> {
  if (!given.flag('incremental') || !stateStore) return null
  return parseState(await stateStore.get(stateKey(name)))?.lastCompleteStartedAt ?? null
}

/** Opens what the last word of the command names. `since`: a URL gives only what changed since then. */
async function openSource(
  place: string,
  context: SourceContext,
  { since }: { since: string | null },
): Promise<{ data: SyncData; close: () => void }> {
  const close = () => undefined
  if (/^https?:\/\//.test(place)) return { data: { datasets: checked(() => ckanSource(place, { since, signal: context.signal })) }, close }
  if (place === '-') return { data: { datasets: readLines(place, context) }, close }
  const isFolder = (await stat(place)).isDirectory()
  if (isFolder) return { data: await readFolder(place, context), close }
  if (/\.(sqlite3?|db)$/.test(place)) return openSqliteSource(place, context)
  if (/\.(jsonl|ndjson)(\.gz)?$/.test(place)) return { data: { datasets: readLines(place, context) }, close }
  throw new CommandError(`${place} is no source: wanted a folder, FILE.jsonl, FILE.sqlite or an http or https address`)
}

function checked<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

async function showReport({ given, note }: Call, report: SyncReport, file: FileHandle | null): Promise<void> {
  for (const item of report.errors) note(describeItem(item))
  if (report.errorsTruncated) note('further items failed; only the first 1000 are shown')
  if (!given.flag('quiet')) {
    for (const kind of ['organizations', 'groups', 'datasets'] as const) note(`${kind}: ${describeCounts(report[kind])}`)
    if (report.dryRun) note('dry run: nothing was written')
  }
  const text = JSON.stringify(report, undefined, 2)
  await file?.writeFile(`${text}\n`)
  if (given.text('report') === '-') await print(text)
}

function describeItem({ kind, action, sourceId, name, error }: SyncItem): string {
  const fields = Object.entries(error?.fields ?? {}).map(([field, messages]) => `${field}: ${messages.join('; ')}`)
  return `${kind} ${sourceId ?? name ?? 'without id'}: ${action} failed: ${fields.join(', ') || error?.message}`
}

function describeCounts(counts: SyncCounts): string {
  const { created, updated, deleted, unchanged, skipped, failed } = counts
  return `${created} created, ${updated} updated, ${deleted} deleted, ${unchanged} unchanged, ${skipped} skipped, ${failed} failed`
}
