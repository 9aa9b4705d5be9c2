import { CkanError, CkanValidationError } from '../errors.ts'
import { CommandError } from './usage.ts'

/** What an error says to a user, in one line where it is an expected one. Faults of this program keep their stack. */
export function describe(error: unknown): string {
  if (error instanceof CkanValidationError) return Object.entries(error.fields).map(toText).join(', ') || error.message
  if (error instanceof CkanError || error instanceof CommandError) return error.message
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.message
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

const toText = ([field, messages]: [string, string[]]) => `${field}: ${messages.join('; ')}`
