import { type ParseArgsConfig, parseArgs } from 'node:util'
import { UsageError } from './usage.ts'

/** Reads the words of a command; unknown options are a `UsageError`. */
export function readOptions<T extends NonNullable<ParseArgsConfig['options']>>(words: readonly string[], options: T) {
  try {
    return parseArgs({ args: [...words], options, allowPositionals: true, strict: true })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}
