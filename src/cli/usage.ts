/** One command of `millrace`: how it is called and what it does with the words behind its name. */
export interface Command {
  readonly usage: string
  readonly help: string
  /** What `--help` shows below usage and help. */
  readonly details?: () => string
  run(words: readonly string[]): Promise<void>
}

/** The words of a command were not understood; its message says what is wrong. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
