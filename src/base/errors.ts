/** The codes of all errors that the domain throws. Each HTTP surface maps a code to its own wire form. */
export type ErrorCode = 'not_found' | 'forbidden' | 'invalid' | 'conflict' | 'unavailable'

/** Field name to messages; a list field may hold one entry (object of the same form) for each item of the input. */
export type FieldErrors = { [field: string]: string[] | FieldErrors[] }

/** An expected failure. Any other error is a bug: the hub logs it with its cause and answers without detail. */
export class DomainError extends Error {
  override readonly name = 'DomainError'
  readonly code: ErrorCode
  /** On `invalid` only: the messages for each wrong field. */
  readonly fields: FieldErrors | undefined
  /** True for an `unavailable` whose cause is a full disk. */
  readonly isNoSpace: boolean

  constructor(code: ErrorCode, message: string, options: { fields?: FieldErrors; isNoSpace?: boolean; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.fields = options.fields
    this.isNoSpace = options.isNoSpace ?? false
  }
}

/** The thing does not exist, or the caller may not know that it exists. */
export const notFound = (what: string, id: string) => new DomainError('not_found', `${what} not found: ${id}`)

/** The caller is identified and does not have the right. */
export const forbidden = (message: string) => new DomainError('forbidden', message)

/** What a refusal adds for a caller whose API key belongs to no user. */
export const unknownKeyText = 'the API key is not known'

/** Adds to a refusal that the caller's API key is unknown. Errors that do not depend on the caller stay as they are. */
export function withUnknownKey(error: DomainError): DomainError {
  if (error.code !== 'forbidden' && error.code !== 'not_found') return error
  const message = `${error.message}${error.message.includes(': ') ? ';' : ':'} ${unknownKeyText}`
  return new DomainError(error.code, message, { cause: error })
}

/** The input breaks a rule; `fields` holds the messages by field. */
export const invalid = (fields: FieldErrors, message = 'the input is not valid') => new DomainError('invalid', message, { fields })

/** The input is valid but conflicts with the stored state. */
export const conflict = (message: string) => new DomainError('conflict', message)

/** The store or a remote server does not answer now; a later try may succeed. */
export const unavailable = (message: string, cause?: unknown) => new DomainError('unavailable', message, { cause })

/** Unavailable because the disk of the files or of the database is full. */
export const noSpace = (message: string, cause?: unknown) => new DomainError('unavailable', message, { isNoSpace: true, cause })
