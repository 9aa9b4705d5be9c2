import type { AbortReason, AttemptOf, CatalogAnswer } from '../../jobs/executor.ts'

/** What the hub sends to a function's child process: a line of JSON each. */
export type ToChild =
  | { readonly op: 'run'; readonly attempt: AttemptOf<'function'> }
  | { readonly op: 'abort'; readonly reason: AbortReason }
  | { readonly op: 'answer'; readonly id: number; readonly answer: CatalogAnswer }

/** Descriptor of the child's end of the line. */
export const lineDescriptor = 3

/** The name of the file, in the attempt's folder, that holds a result which does not go over the line. */
export const resultFile = 'result'

/** A result larger than this goes through a file instead of the line. */
export const maxLineValue = 1024 * 1024
/** A line longer than this ends the child before it is read. */
export const maxLineBytes = 8 * maxLineValue
/** A result larger than this is refused. */
export const maxResultBytes = 256 * 1024 * 1024
/** Calls of the catalogue that one attempt has under way at once. */
export const maxCalls = 8
/** Lines and bytes of log that one attempt may write; what comes after is dropped, with a mark. */
export const maxLogLines = 10_000
export const maxLogBytes = 4 * 1024 * 1024
export const maxMessageBytes = 64 * 1024

/** Cuts a stream of bytes into lines. Throws a `RangeError` when one gets too long. */
export class LineReader {
  #parts: Buffer[] = []
  #bytes = 0

  /** The lines that this chunk has completed. */
  push(chunk: Buffer): string[] {
    const lines: string[] = []
    let from = 0
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
      this.#add(chunk.subarray(from, at))
      lines.push(Buffer.concat(this.#parts).toString('utf8'))
      this.#parts = []
      this.#bytes = 0
      from = at + 1
    }
    if (from < chunk.length) this.#add(chunk.subarray(from))
    return lines
  }

  #add(part: Buffer): void {
    this.#bytes += part.length
    if (this.#bytes > maxLineBytes) throw new RangeError(`a message of more than ${maxLineBytes} bytes`)
    this.#parts.push(part)
  }
}
