import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import type { PlainRecord } from '../record.ts'
import { CommandError, UsageError } from './usage.ts'

/** Parameters of an action, and the files among them. */
export interface Parameters {
  params: PlainRecord
  files: Record<string, Blob>
}

/** Reads words of the forms KEY=TEXT, KEY:JSON and KEY@FILE; the first of the three characters decides.
 * @throws UsageError for a word of another form, CommandError for a file that cannot be read.
 */
export async function readParameters(words: readonly string[]): Promise<Parameters> {
  const values = new Map<string, unknown>()
  const files = new Map<string, Blob>()
  for (const word of words) {
    const [, key = '', kind, rest = ''] = /^([^=:@]+)([=:@])(.*)$/s.exec(word) ?? []
    if (kind === undefined) throw new UsageError(`${JSON.stringify(word)} is none of KEY=TEXT, KEY:JSON and KEY@FILE`)
    if (values.has(key) || files.has(key)) throw new UsageError(`the parameter ${key} was given twice; give it once`)
    if (kind === '@') files.set(key, await readUpload(rest))
    else values.set(key, kind === '=' ? rest : parseValue(key, rest))
  }
  return { params: Object.fromEntries(values), files: Object.fromEntries(files) }
}

function parseValue(key: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new UsageError(`${key}: ${JSON.stringify(text)} is not JSON; ${key}=… takes a text as it is`)
  }
}

async function readUpload(path: string): Promise<File> {
  try {
    return new File([await readFile(path)], basename(path))
  } catch (error) {
    throw new CommandError(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`)
  }
}
