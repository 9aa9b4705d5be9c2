/** The closed list of errors that the domain throws. Each HTTP surface maps the code to its own wire form. */
export type ErrorCode = 'not_found' | 'forbidden' | 'invalid' | 'conflict' | 'unavailable'

/** Field name to messages; a list field may hold one entry (object of the same form) for each item of the input. */
export type FieldErrors = { [field: string]: string[] | FieldErrors[] }

/** An expected failure. Anything else that is thrown is a bug: logged with its cause, answered without detail. */
export class DomainError extends Error {
  override readonly name = 'DomainError'
  readonly code: ErrorCode
  /** Present on `invalid`: what is wrong with which field. */
  readonly fields: FieldErrors | undefined
  /** An `unavailable` because the disk is full. */
  readonly isNoSpace: boolean

  constructor(code: ErrorCode, message: string, options: { fields?: FieldErrors; isNoSpace?: boolean; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.fields = options.fields
    this.isNoSpace = options.isNoSpace ?? false
  }
}

/** No such thing, or one that the caller may not know of. */
export const notFound = (what: string, id: string) => new DomainError('not_found', `${what} not found: ${id}`)

/** The caller is known well enough, and may not. */
export const forbidden = (message: string) => new DomainError('forbidden', message)

/** What a refusal adds for a caller who sent a key that belongs to nobody. */
export const unknownKeyText = 'the API key is not known'

/** The same refusal, which also says that the caller's key is not known. Other errors have nothing to do with who calls. */
export function withUnknownKey(error: DomainError): DomainError {
  if (error.code !== 'forbidden' && error.code !== 'not_found') return error
  const message = `${error.message}${error.message.includes(': ') ? ';' : ':'} ${unknownKeyText}`
  return new DomainError(error.code, message, { cause: error })
}

/** The input breaks a rule; `fields` tells which. */
export const invalid = (fields: FieldErrors, message = 'the input is not valid') => new DomainError('invalid', message, { fields })

/** The input is fine by itself but clashes with what is stored. */
export const conflict = (message: string) => new DomainError('conflict', message)

/** The store or a peer does not answer now; trying again later may help. */
export const unavailable = (message: string, cause?: unknown) => new DomainError('unavailable', message, { cause })

/** The same because there is no room left on the disk of the files or of the database. */
export const noSpace = (message: string, cause?: unknown) => new DomainError('unavailable', message, { isNoSpace: true, cause })
