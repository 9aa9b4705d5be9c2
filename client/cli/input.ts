import { createReadStream } from 'node:fs'
import { addAbortSignal, type Readable } from 'node:stream'
import { iterJsonLines, type JsonLine } from '../node/json-lines.ts'
import type { Call } from './command.ts'
import type { OptionTable } from './options.ts'

/** Options of commands that read JSON lines. */
export const inputOptions: OptionTable = { input: { type: 'string', short: 'I' }, gzip: { type: 'boolean', short: 'z' } }

/** The JSON lines of `--input`, else of standard input. `--gzip` says that they are packed; without it the first bytes say so. */
export function readInputLines({ given, signal }: Call): AsyncGenerator<JsonLine, void, undefined> {
  const path = given.text('input')
  const bytes: Readable = path === undefined || path === '-' ? process.stdin : createReadStream(path)
  return iterJsonLines(addAbortSignal(signal, bytes), given.flag('gzip') ? { gzip: true } : {})
}
