import type { SyncErrorCode } from '../errors.ts'

/** Ends a run from within. The caller of the run gets a CkanSyncError with the report. */
export class Halt extends Error {
  readonly code: SyncErrorCode

  constructor(code: SyncErrorCode, message: string, cause?: unknown) {
    super(message, { cause })
    this.code = code
  }
}
