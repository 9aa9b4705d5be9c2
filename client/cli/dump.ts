import { CkanError } from '../errors.ts'
import type { Call, Command } from './command.ts'
import { describe } from './describe.ts'
import { sortedJson } from './json-text.ts'
import { type Kind, readKind, show } from './kinds.ts'
import { mapOrdered } from './ordered.ts'
import { writeLines } from './output.ts'
import { UsageError } from './usage.ts'

const INCLUDES = ['include-private', 'include-drafts', 'include-deleted'] as const

/** Writes records as the catalogue shows them. */
export const dumpCommand: Command = {
  usage:
    'dump datasets|groups|organizations|users (ID… | --all) [-O FILE] [-z] [-p N] [--include-private] [--include-drafts] [--include-deleted] [-q]',
  help: 'writes records as JSON lines',
  details: `  ID…                 ids or names of the records
  --all               all that the list of the catalogue has, in its order
  --include-private, --include-drafts, --include-deleted
                      with --all: these datasets too, as far as the key may read them
  -O, --output FILE   writes to a file; - is standard output
  -z, --gzip          writes gzip
  -p, --processes N   requests at a time, 1 if not given
  -q, --quiet         shows no progress

Groups and organizations come without members and datasets. To sysadmins a catalogue shows the password hashes of users.`,
  options: {
    all: { type: 'boolean' },
    output: { type: 'string', short: 'O' },
    gzip: { type: 'boolean', short: 'z' },
    processes: { type: 'string', short: 'p' },
    quiet: { type: 'boolean', short: 'q' },
    ...Object.fromEntries(INCLUDES.map((name) => [name, { type: 'boolean' } as const])),
  },
  async run(call) {
    const { given, signal } = call
    const { kind, words } = readKind(given.words)
    const all = given.flag('all')
    if (all === words.length > 0) throw new UsageError('name the records by id or name, or all of them by --all')
    const include = INCLUDES.find((name) => given.flag(name))
    if (include && !(all && kind.name === 'datasets')) throw new UsageError(`--${include} is for datasets and --all`)
    const workers = given.whole('processes') ?? 1
    const refs = all ? await listRefs(call, kind) : words
    const dump = new Dump(call, kind, refs)
    await writeLines(dump.lines(workers), { path: given.text('output'), gzip: given.flag('gzip'), signal })
    return dump.failed > 0 ? 'partial' : 'done'
  },
}

/** With further datasets the search lists them: a list has public ones only. */
async function listRefs({ client, given, signal }: Call, kind: Kind): Promise<string[]> {
  if (!INCLUDES.some((name) => given.flag(name))) return kind.list(client)
  const [includePrivate, includeDrafts, includeDeleted] = INCLUDES.map((name) => given.flag(name))
  const ids: string[] = []
  const query = { sort: 'name asc', pageSize: 1000, includePrivate, includeDrafts, includeDeleted, readAhead: true, signal }
  for await (const dataset of client.iterDatasets(query)) ids.push(String(dataset['id']))
  return ids
}

class Dump {
  failed = 0
  readonly #call: Call
  readonly #kind: Kind
  readonly #refs: readonly string[]

  constructor(call: Call, kind: Kind, refs: readonly string[]) {
    this.#call = call
    this.#kind = kind
    this.#refs = refs
  }

  /** The records in order; one that cannot be read is named on standard error and left out. */
  async *lines(workers: number): AsyncGenerator<string, void, undefined> {
    const { progress } = this.#call
    let done = 0
    for await (const line of mapOrdered(this.#refs, { workers, work: (ref) => this.#read(ref) })) {
      progress.update(this.#kind.name, ++done, this.#refs.length)
      if (line !== null) yield line
    }
  }

  async #read(ref: string): Promise<string | null> {
    const { client, signal, note } = this.#call
    try {
      return sortedJson(await show(client, this.#kind, ref))
    } catch (error) {
      if (signal.aborted || !(error instanceof CkanError)) throw error
      this.failed++
      note(`${ref}: ${describe(error)}`)
      return null
    }
  }
}
