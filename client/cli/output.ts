import { createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'

/** Where lines go. */
export interface OutputOptions {
  /** A file; undefined or `-` for standard output. */
  path: string | undefined
  gzip: boolean
  signal: AbortSignal
}

/** Writes texts, each as a line, as fast as they are taken. Resolves when all of them are written. */
export async function writeLines(lines: AsyncIterable<string>, { path, gzip, signal }: OutputOptions): Promise<void> {
  const isStandard = path === undefined || path === '-'
  const target = isStandard ? process.stdout : createWriteStream(path)
  const ended = withLineEnds(lines)
  await (gzip ? pipeline(ended, createGzip(), target, { end: !isStandard, signal }) : pipeline(ended, target, { end: !isStandard, signal }))
}

/** Writes one text to standard output. */
export function print(text: string): Promise<void> {
  return writeLines(
    (async function* () {
      yield text
    })(),
    { path: undefined, gzip: false, signal: new AbortController().signal },
  )
}

async function* withLineEnds(lines: AsyncIterable<string>): AsyncGenerator<string, void, undefined> {
  for await (const line of lines) yield `${line}\n`
}
