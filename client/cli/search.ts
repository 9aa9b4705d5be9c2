import type { DatasetQuery } from '../low-level/low-level.ts'
import type { PlainRecord } from '../record.ts'
import type { Call, Command } from './command.ts'
import { sortedJson } from './json-text.ts'
import { writeLines } from './output.ts'
import { readParameters } from './parameters.ts'
import { UsageError } from './usage.ts'

const PAGE_SIZE = 1000

/** Writes the datasets that a search finds. */
export const searchCommand: Command = {
  usage: 'search datasets [KEY=TEXT | KEY:JSON …] [-O FILE] [-z] [-q]',
  help: 'writes the datasets that a search finds, as JSON lines',
  details: `  q=TEXT, fq=TEXT     query and filter, in the search language of the catalogue
  sort=TEXT           order, such as "title asc"; by id if not given
  include_private:false, include_drafts:false
                      without private datasets, without drafts; with a key both are included
  -O, --output FILE   writes to a file; - is standard output
  -z, --gzip          writes gzip
  -q, --quiet         shows no progress`,
  options: {
    output: { type: 'string', short: 'O' },
    gzip: { type: 'boolean', short: 'z' },
    quiet: { type: 'boolean', short: 'q' },
  },
  async run(call) {
    const [kind, ...words] = call.given.words
    if (kind !== 'datasets') throw new UsageError(`only datasets can be searched; got ${kind === undefined ? 'nothing' : JSON.stringify(kind)}`)
    const { params, files } = await readParameters(words)
    const [file] = Object.keys(files)
    if (file !== undefined) throw new UsageError(`${file}@…: a search takes no file`)
    const output = { path: call.given.text('output'), gzip: call.given.flag('gzip'), signal: call.signal }
    await writeLines(findDatasets(call, parseQuery(params)), output)
    return 'done'
  },
}

async function* findDatasets({ client, progress, signal }: Call, query: DatasetQuery): AsyncGenerator<string, void, undefined> {
  let found = 0
  for await (const dataset of client.iterDatasets({ ...query, pageSize: PAGE_SIZE, readAhead: true, signal })) {
    progress.update('datasets', ++found, null)
    yield sortedJson(dataset)
  }
}

const TEXTS = ['q', 'fq', 'sort']
const FLAGS: Record<string, keyof DatasetQuery> = { include_private: 'includePrivate', include_drafts: 'includeDrafts' }

function parseQuery(params: PlainRecord): DatasetQuery {
  const entries = Object.entries(params).map(([key, value]): [string, unknown] => {
    const flag = Object.hasOwn(FLAGS, key) ? FLAGS[key] : undefined
    if (!TEXTS.includes(key) && flag === undefined)
      throw new UsageError(`a search has no ${key}; it takes ${[...TEXTS, ...Object.keys(FLAGS)].join(', ')}`)
    if (flag === undefined ? typeof value !== 'string' : typeof value !== 'boolean')
      throw new UsageError(flag === undefined ? `${key} must be a text: ${key}=TEXT` : `${key} must be ${key}:true or ${key}:false`)
    return [flag ?? key, value]
  })
  return Object.fromEntries(entries)
}
