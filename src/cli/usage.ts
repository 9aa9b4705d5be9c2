/** One command of `millrace`: its usage, and the function that runs it with the words after its name. */
export interface Command {
  readonly usage: string
  readonly help: string
  /** Further text of `--help`, below usage and help. */
  readonly details?: () => string
  run(words: readonly string[]): Promise<void>
}

/** The words of a command are invalid; the message names the fault. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
