import type { DomainError, FieldErrors } from '../../base/errors.ts'
import { retryAfter } from '../server/errors.ts'
import type { Answer } from '../server/surface.ts'
import { toJson } from './json-text.ts'

/** The contract that first named an action. It decides the status of failures: the contract of 2011 has 200 for all below `/api/action`. */
export type Era = 2011 | 'later'

export const jsonType = { 'content-type': 'application/json;charset=utf-8' }

/** The first half of every successful answer of an action; the result's text and `}` follow. */
export const successHead = (help: string) => `{"help":${JSON.stringify(help)},"success":true,"result":`

export const success = (head: string, result: unknown) => `${head}${toJson(result)}}`

interface Failure {
  readonly type: string
  readonly status: number
  readonly detail: { readonly message: string } | FieldErrors
}

/** The wire form of an error of the domain; `asSearch` for actions whose input is a query. */
function failureOf(error: DomainError, asSearch: boolean): Failure {
  const detail = { message: error.message }
  switch (error.code) {
    case 'not_found':
      return { type: 'Not Found Error', status: 404, detail: { message: `Not found: ${error.message.replace(' not found: ', ' ')}` } }
    case 'forbidden':
      return { type: 'Authorization Error', status: 403, detail }
    case 'unavailable':
      return error.isNoSpace ? { type: 'Insufficient Storage', status: 507, detail } : { type: 'Service Unavailable', status: 503, detail }
    case 'conflict':
      return { type: 'Validation Error', status: 409, detail }
    case 'invalid':
      if (asSearch) return { type: 'Search Query Error', status: 400, detail: { message: searchMessage(error) } }
      return error.fields ? { type: 'Validation Error', status: 409, detail: error.fields } : { type: 'Integrity Error', status: 400, detail }
  }
}

/** Fields and their messages in one line. */
function searchMessage({ fields, message }: DomainError): string {
  const lines = Object.entries(fields ?? {}).map(
    ([field, messages]) => `${field}: ${messages.map((one) => (typeof one === 'string' ? one : JSON.stringify(one))).join(', ')}`,
  )
  return lines.length > 0 ? lines.join('; ') : message
}

/** The answer to a failed action. `isLenient`: logic failures have status 200. */
export function failure(
  error: DomainError,
  { help, isLenient, asSearch = false }: { help: string | null; isLenient: boolean; asSearch?: boolean },
): Answer {
  const { type, status, detail } = failureOf(error, asSearch)
  const isLogic = type !== 'Integrity Error' && status < 500
  const headers = error.code === 'unavailable' ? { ...jsonType, ...retryAfter } : jsonType
  return { status: isLenient && isLogic ? 200 : status, body: failureText(help, type, detail), headers }
}

/** An error envelope as text. */
export const failureText = (help: string | null, type: string, detail: object) =>
  JSON.stringify({ help, success: false, error: { ...detail, __type: type } })
