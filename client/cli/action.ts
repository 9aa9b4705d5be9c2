import { readFile } from 'node:fs/promises'
import { addAbortSignal } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { isRecord, type PlainRecord } from '../record.ts'
import type { Command } from './command.ts'
import { sortedJson } from './json-text.ts'
import type { Given } from './options.ts'
import { print } from './output.ts'
import { type Parameters, readParameters } from './parameters.ts'
import { CommandError, UsageError } from './usage.ts'

/** Calls an action and prints its result. */
export const actionCommand: Command = {
  usage: 'action NAME [KEY=TEXT | KEY:JSON | KEY@FILE …] [-i | -I FILE] [-j]',
  help: 'calls an action and prints its result',
  details: `  KEY=TEXT            a parameter that is a text
  KEY:JSON            a parameter in JSON, such as rows:5 or tags:'[{"name":"bus"}]'
  KEY@FILE            a file to upload
  -i, --input-json    reads all parameters from standard input, as one JSON object
  -I, --input FILE    reads them from a file; - is standard input
  -j, --output-jsonl  prints a result that is a list as JSON lines`,
  options: {
    'input-json': { type: 'boolean', short: 'i' },
    input: { type: 'string', short: 'I' },
    'output-jsonl': { type: 'boolean', short: 'j' },
  },
  async run({ given, client, signal }) {
    const [name, ...words] = given.words
    if (name === undefined) throw new UsageError('name the action, such as package_show')
    if (!/^[A-Za-z0-9_]+$/.test(name)) throw new UsageError(`the name of an action has letters, digits and _ only; got ${JSON.stringify(name)}`)
    const { params, files } = await readInput(given, words, signal)
    const hasFiles = Object.keys(files).length > 0
    const nested = Object.entries(params).find(([, value]) => typeof value === 'object' && value !== null)
    if (hasFiles && nested) throw new UsageError(`beside a file all parameters must be texts, numbers or true and false; ${nested[0]} is not`)
    const result = await client.action(name, params, { signal, ...(hasFiles && { files }) })
    const asLines = given.flag('output-jsonl') && Array.isArray(result)
    if (!asLines) await print(sortedJson(result, 2))
    else if (result.length > 0) await print(result.map((item: unknown) => sortedJson(item)).join('\n'))
    return 'done'
  },
}

async function readInput(given: Given, words: readonly string[], signal: AbortSignal): Promise<Parameters> {
  given.exclude('input-json', 'input')
  const path = given.flag('input-json') ? '-' : given.text('input')
  if (path === undefined) return readParameters(words)
  if (words.length > 0) throw new UsageError('parameters come from the words of the command or from the input; give one of them')
  return { params: parseInput(await readAll(path, signal), path === '-' ? 'standard input' : path), files: {} }
}

async function readAll(path: string, signal: AbortSignal): Promise<string> {
  if (path === '-') return (await buffer(addAbortSignal(signal, process.stdin))).toString('utf8')
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new CommandError(`${path} cannot be read: ${error.message}`)
  })
}

function parseInput(text: string, name: string): PlainRecord {
  try {
    const value: unknown = JSON.parse(text)
    if (isRecord(value)) return value
  } catch {
    // Not JSON: the error below says so.
  }
  throw new CommandError(`${name} is not a JSON object: the parameters of the action by name`)
}
