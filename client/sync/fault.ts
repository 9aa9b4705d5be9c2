import { CkanError, CkanValidationError } from '../errors.ts'
import type { SyncItemError } from './report.ts'

/** What is kept of a message, since a report keeps a thousand of them. */
const MAX_MESSAGE_CHARACTERS = 2000
const MAX_FIELDS = 100
const MAX_MESSAGES = 10

/** Why one item failed. */
export class SyncFault extends Error {
  readonly code: string
  readonly status: number | null
  readonly fields: Record<string, string[]> | undefined

  constructor(code: string, message: string, details: { status?: number | null; fields?: Record<string, string[]>; cause?: unknown } = {}) {
    super(message, { cause: details.cause })
    this.code = code
    this.status = details.status ?? null
    this.fields = details.fields
  }

  toItemError(): SyncItemError {
    const { code, status, fields } = this
    return { code, message: this.message.slice(0, MAX_MESSAGE_CHARACTERS), status, ...(fields ? { fields: shorten(fields) } : {}) }
  }
}

function shorten(fields: Record<string, string[]>): Record<string, string[]> {
  const kept = Object.entries(fields).slice(0, MAX_FIELDS)
  return Object.fromEntries(
    kept.map(([field, messages]) => [field, messages.slice(0, MAX_MESSAGES).map((text) => text.slice(0, MAX_MESSAGE_CHARACTERS))]),
  )
}

/** The message of whatever was thrown. */
export const textOf = (error: unknown) => (error instanceof Error ? error.message : String(error))

/** Whatever was thrown while one item was worked on. What is no CkanError comes from a record that cannot be a dataset. */
export function faultOf(error: unknown): SyncFault {
  if (error instanceof SyncFault) return error
  if (error instanceof CkanValidationError) return new SyncFault(error.code, error.message, { status: error.status, fields: error.fields })
  if (error instanceof CkanError) return new SyncFault(error.code, error.message, { status: error.status, cause: error })
  return new SyncFault('INVALID_DATA', textOf(error), { cause: error })
}
