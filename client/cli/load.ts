import { type FileHandle, open } from 'node:fs/promises'
import { CkanError, CkanValidationError } from '../errors.ts'
import { isRecord, type PlainRecord } from '../record.ts'
import type { Call, Command } from './command.ts'
import { describe } from './describe.ts'
import { inputOptions, readInputLines } from './input.ts'
import { findStored, type Kind, readKind } from './kinds.ts'
import { mapOrdered } from './ordered.ts'
import { UsageError } from './usage.ts'
import { writings } from './writing.ts'

/** Writes records of JSON lines into a catalogue. */
export const loadCommand: Command = {
  usage: 'load datasets|groups|organizations|users [-I FILE] [-z] [-s START] [-m MAX] [-p N] [-n | -o] [--dry-run] [-l LOG] [-q]',
  help: 'creates and updates records from JSON lines',
  details: `  -I, --input FILE    JSON lines as dump writes them; - is standard input, which is also read without -I
  -z, --gzip          the input is gzip, which is also recognized by itself
  -s, --start-record START
                      begins with this record, counted from 1
  -m, --max-records MAX
                      ends after so many records
  -p, --processes N   records at a time, 1 if not given
  -n, --create-only   leaves records that exist as they are
  -o, --update-only   creates nothing
  --dry-run           reads and compares, writes nothing
  -l, --log LOG       appends a JSON line for each record: [time, record, action, error, response]
  -q, --quiet         shows no progress and no summary

A record is looked up by its id, then by its name. One that is equal to the stored one is not written. A line that cannot be read
is named and passed over. Members and datasets of groups and organizations stay as they are; uploaded files are not copied.`,
  options: {
    ...inputOptions,
    'start-record': { type: 'string', short: 's' },
    'max-records': { type: 'string', short: 'm' },
    processes: { type: 'string', short: 'p' },
    'create-only': { type: 'boolean', short: 'n' },
    'update-only': { type: 'boolean', short: 'o' },
    'dry-run': { type: 'boolean' },
    log: { type: 'string', short: 'l' },
    quiet: { type: 'boolean', short: 'q' },
  },
  async run(call) {
    const { given } = call
    const { kind, words } = readKind(given.words)
    if (words.length > 0) throw new UsageError(`load reads its records from --input; it takes no ${JSON.stringify(words[0])}`)
    given.exclude('create-only', 'update-only')
    const range = { start: given.whole('start-record') ?? 1, max: given.whole('max-records') ?? Infinity }
    const workers = given.whole('processes') ?? 1
    const path = given.text('log')
    const log = path === undefined ? null : await open(path, 'a')
    try {
      return await loadAll({ call, kind, log }, mapOrdered(readRecords(call, range), { workers, work: (one) => loadOne(call, kind, one) }))
    } finally {
      await log?.close()
    }
  },
}

/** One record of the input, counted from 1; `fault` says what is wrong with its line. */
interface Numbered {
  record: number
  line: number
  value: unknown
  fault: string | null
}

type Action = 'create' | 'update' | 'unchanged' | 'skip' | 'read' | 'show'

/** What became of a record. */
interface Outcome {
  record: number
  action: Action
  /** Code of the error; null if there was none. */
  error: string | null
  /** Name of the record, or the message of the error; of refused records the messages by field. */
  response: unknown
  message: string
}

async function* readRecords(call: Call, { start, max }: { start: number; max: number }): AsyncGenerator<Numbered, void, undefined> {
  let record = 0
  for await (const { number: line, value, fault } of readInputLines(call)) {
    if (++record >= start) yield { record, line, value, fault }
    if (record - start + 1 >= max) return
  }
}

async function loadAll(
  { call, kind, log }: { call: Call; kind: Kind; log: FileHandle | null },
  outcomes: AsyncIterable<Outcome>,
): Promise<'done' | 'partial'> {
  const { given, progress, note } = call
  const counts = { create: 0, update: 0, unchanged: 0, skip: 0, failed: 0 }
  let done = 0
  let last = 0
  try {
    for await (const { record, action, error, response, message } of outcomes) {
      await log?.write(`${JSON.stringify([new Date().toISOString(), record, action, error, response])}\n`)
      if (error !== null) note(`record ${record}: ${message}`)
      counts[error !== null || action === 'read' || action === 'show' ? 'failed' : action]++
      last = record
      progress.update(kind.name, ++done, null)
    }
  } finally {
    progress.end()
    if (call.signal.aborted && last > 0) note(`the last finished record is ${last}; --start-record ${last + 1} goes on behind it`)
  }
  const { create, update, unchanged, skip, failed } = counts
  const summary = `${create} created, ${update} updated, ${unchanged} unchanged, ${skip} skipped, ${failed} failed`
  if (!given.flag('quiet')) note(`${kind.name}: ${summary}${given.flag('dry-run') ? ' (dry run: nothing was written)' : ''}`)
  return failed > 0 ? 'partial' : 'done'
}

async function loadOne(call: Call, kind: Kind, { record, line, value, fault }: Numbered): Promise<Outcome> {
  const wrong = fault ?? (isRecord(value) ? null : 'is not a JSON object')
  if (wrong !== null || !isRecord(value)) return { record, action: 'read', error: 'INVALID_DATA', response: wrong, message: `line ${line} ${wrong}` }
  const step: { action: Action } = { action: 'show' }
  try {
    const response = await write(call, { kind, value, step })
    return { record, action: step.action, error: null, response, message: '' }
  } catch (error) {
    if (call.signal.aborted || !(error instanceof CkanError || error instanceof TypeError)) throw error
    const message = error instanceof TypeError ? error.message : describe(error)
    const code = error instanceof CkanError ? error.code : 'INVALID_DATA'
    return { record, action: step.action, error: code, response: error instanceof CkanValidationError ? error.fields : message, message }
  }
}

/** Writes a record if that changes something, and gives its name. `step.action` says what is under way, also if it fails. */
async function write({ client, given }: Call, { kind, value, step }: { kind: Kind; value: PlainRecord; step: { action: Action } }): Promise<unknown> {
  if (![value['id'], value['name']].some((ref) => typeof ref === 'string' && ref !== '')) throw new TypeError('the record has neither id nor name')
  const stored = await findStored(client, kind, value)
  const writing = writings[kind.name]
  step.action = actionFor(stored !== null, given.flag('create-only'), given.flag('update-only'))
  if (stored && step.action === 'update' && writing.isSame(value, stored)) step.action = 'unchanged'
  const name = stored?.['name'] ?? value['name'] ?? null
  if (given.flag('dry-run')) return name
  if (step.action === 'create') return (await writing.create(client, value))['name'] ?? name
  if (stored && step.action === 'update') return (await writing.update(client, value, stored))['name'] ?? name
  return name
}

function actionFor(exists: boolean, createOnly: boolean, updateOnly: boolean): Action {
  if (exists) return createOnly ? 'skip' : 'update'
  return updateOnly ? 'skip' : 'create'
}
