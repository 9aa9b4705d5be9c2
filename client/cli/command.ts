import type { CkanLowLevelClient } from '../low-level/low-level.ts'
import type { Connection } from './connection.ts'
import type { Given, OptionTable } from './options.ts'
import type { Progress } from './progress.ts'

/** What a command works with. */
export interface Call {
  /** Options and words, checked against the command's table. */
  given: Given
  client: CkanLowLevelClient
  connection: Connection
  progress: Progress
  /** Aborts when the user interrupts the command. */
  signal: AbortSignal
  /** Writes a line to standard error: a fault of one record, or a summary. */
  note(text: string): void
}

/** How a command ended: everything was done, or some records failed. */
export type Ending = 'done' | 'partial'

/** One command: how it is called, and what it does. */
export interface Command {
  /** Name and words, such as `action NAME [KEY=TEXT …]`. */
  usage: string
  /** What it does, in a line. */
  help: string
  /** The explanation of its words and options. */
  details: string
  /** Its own options, beside those of every command. */
  options: OptionTable
  /** @throws UsageError, CommandError, CkanError; the signal's reason after an interruption. */
  run(call: Call): Promise<Ending>
}
