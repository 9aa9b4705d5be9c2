import { CkanError } from '../errors.ts'
import { isRecord } from '../record.ts'
import type { Call, Command } from './command.ts'
import { describe } from './describe.ts'
import { inputOptions, readInputLines } from './input.ts'
import { type Kind, readKind } from './kinds.ts'
import { UsageError } from './usage.ts'

/** Deletes records by id or name. */
export const deleteCommand: Command = {
  usage: 'delete datasets|groups|organizations|users (ID… | -I FILE) [-z] [-q]',
  help: 'deletes records',
  details: `  ID…                 ids or names of the records
  -I, --input FILE    JSON lines instead: each an id or name as a text, or an object with id or name; - is standard input
  -z, --gzip          the input is gzip, which is also recognized by itself
  -q, --quiet         shows no progress and no summary

The catalogue marks the records as deleted; it keeps them.`,
  options: { ...inputOptions, quiet: { type: 'boolean', short: 'q' } },
  async run(call) {
    const { given, progress, note } = call
    const { kind, words } = readKind(given.words)
    if ((given.text('input') === undefined) === (words.length === 0))
      throw new UsageError('name the records by id or name, or give a file as --input')
    const counts = { deleted: 0, failed: 0 }
    for await (const target of words.length > 0 ? words.map((ref) => ({ ref, label: ref })) : readTargets(call)) {
      const fault = await deleteOne(call, kind, target.ref)
      if (fault !== null) note(`${target.label}: ${fault}`)
      counts[fault === null ? 'deleted' : 'failed']++
      progress.update(kind.name, counts.deleted + counts.failed, words.length || null)
    }
    progress.end()
    if (!given.flag('quiet')) note(`${kind.name}: ${counts.deleted} deleted, ${counts.failed} failed`)
    return counts.failed > 0 ? 'partial' : 'done'
  },
}

/** A record to delete; `ref` null if the line names none. */
interface Target {
  ref: string | null
  label: string
}

async function* readTargets(call: Call): AsyncGenerator<Target, void, undefined> {
  for await (const { number, value } of readInputLines(call)) {
    const ref = isRecord(value) ? value['id'] || value['name'] : value
    yield typeof ref === 'string' && ref !== '' ? { ref, label: `line ${number}, ${ref}` } : { ref: null, label: `line ${number}` }
  }
}

/** What went wrong; null if nothing did. */
async function deleteOne({ client, signal }: Call, { prefix }: Kind, ref: string | null): Promise<string | null> {
  if (ref === null) return 'is neither a text nor a JSON object with id or name'
  try {
    await client.action(`${prefix}_delete`, { id: ref })
    return null
  } catch (error) {
    if (signal.aborted || !(error instanceof CkanError)) throw error
    return describe(error)
  }
}
