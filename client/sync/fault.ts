import { CkanError, CkanValidationError } from '../errors.ts'
import type { SyncItemError } from './report.ts'

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
    const { code, message, status, fields } = this
    return { code, message, status, ...(fields ? { fields } : {}) }
  }
}

/** Whatever was thrown while one item was worked on. What is no CkanError comes from a record that cannot be a dataset. */
export function faultOf(error: unknown): SyncFault {
  if (error instanceof SyncFault) return error
  if (error instanceof CkanValidationError) return new SyncFault(error.code, error.message, { status: error.status, fields: error.fields })
  if (error instanceof CkanError) return new SyncFault(error.code, error.message, { status: error.status, cause: error })
  return new SyncFault('INVALID_DATA', error instanceof Error ? error.message : String(error), { cause: error })
}
