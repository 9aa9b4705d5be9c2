import { Type } from 'typebox'
import { isExactNumber, isObject } from '../../base/json.ts'
import type { RunnableType } from '../../jobs/runnable-type.ts'
import type { Submission } from '../../jobs/submit/submit.ts'
import { findRunnableType, parseTypeRef, type TypeRegistry } from '../../jobs/type-registry.ts'
import { parseJsonExactly } from '../server/body.ts'
import { HttpError } from '../server/errors.ts'
import type { Hub } from '../server/surface.ts'

/** What a submission holds, for the OpenAPI page: the checks of `parseSubmission` come in an order that no schema has. */
export const SubmissionBody = Type.Object({
  job_type: Type.String({ description: 'a name that `GET /status` lists; `NAME:VERSION` and `NAME:VERSION:REVISION` name exactly one' }),
  api_key: Type.Unknown({ description: 'any value, and not an empty one; the key of a user of this hub makes that user the owner' }),
  data: Type.Optional(Type.Unknown({ description: 'what the function works on' })),
  metadata: Type.Optional(Type.Unsafe<object>({ type: 'object', description: 'shown with the job, and found by GET /job' })),
  result_url: Type.Optional(Type.String({ description: 'where the result is posted' })),
})
export const IdempotencyHeader = Type.Object({
  'idempotency-key': Type.Optional(Type.String({ minLength: 1, maxLength: 255, description: 'the same request under the same key makes one job' })),
})

const known = Object.keys(SubmissionBody.properties)
const notJson = 'Not recognised as json, make sure content type is application/json'
const badResultUrl = 'result_url has to start with http'
const maxIdLength = 255
const maxMetadataKeys = 1000
const maxKeyLength = 255

/** What the job service says to every submission that it does not take. */
const refused = (message: string) => new HttpError(409, message)

/** A request that submits a job, as it came. */
export interface SubmissionRequest {
  readonly id: string | undefined
  readonly body: Buffer | undefined
  readonly contentType: string | undefined
  readonly address: string
  readonly idempotency: Submission['idempotency']
}

type Input = Readonly<Record<string, unknown>>

/** Reads a submission. Its checks come in the order that clients know, and the first that fails answers, always with 409. */
export async function parseSubmission(request: SubmissionRequest, hub: TypeSource): Promise<Submission> {
  const input = await parseObject(request)
  const extra = Object.keys(input).filter((key) => !known.includes(key))
  if (extra.length > 0) throw refused(`Too many arguments. Extra keys are ${extra.join(', ')}`)
  const resultUrl = parseResultUrl(input['result_url'])
  const type = await parseType(input['job_type'], hub)
  if (isNothing(input['api_key'])) throw refused('Please provide your API key.')
  return {
    id: parseId(request.id),
    type,
    data: input['data'],
    metadata: Object.hasOwn(input, 'metadata') ? parseMetadata(input['metadata']) : undefined,
    resultUrl,
    apiKey: input['api_key'],
    address: request.address,
    idempotency: request.idempotency,
  }
}

async function parseObject({ body, contentType = '' }: SubmissionRequest): Promise<Input> {
  if (!body || body.length === 0) throw refused('Malformed json')
  if (!/^(?:application\/json|[^/;\s]+\/[^/;\s]+\+json)\s*(?:;|$)/i.test(contentType.trim())) throw refused(notJson)
  const value = await parseValue(body)
  if (!isObject(value) || isNothing(value)) throw refused(notJson)
  return value
}

/** What the old service took for not given: zeros, empty lists and objects, too. */
function isNothing(value: unknown): boolean {
  if (isExactNumber(value)) return Number(value.rawJSON) === 0
  return !value || (typeof value === 'object' && Object.keys(value).length === 0)
}

async function parseValue(body: Buffer): Promise<unknown> {
  try {
    return await parseJsonExactly(body)
  } catch (error) {
    throw error instanceof HttpError && error.status === 400 ? refused('Malformed json') : error
  }
}

function parseResultUrl(value: unknown): string | undefined {
  if (!value) return undefined
  if (typeof value !== 'string' || !/^https?:\/\/[^/]/.test(value) || !URL.canParse(value) || !isStorable(value)) throw refused(badResultUrl)
  return value
}

/** Where job types are found. */
type TypeSource = Pick<Hub, 'types'> & { readonly base: Pick<Hub['base'], 'store'> }

async function parseType(value: unknown, { types, base }: TypeSource): Promise<RunnableType> {
  if (isNothing(value)) throw refused('Please specify a job type')
  const ref = typeof value === 'string' ? parseTypeRef(value) : undefined
  const type = ref && (await findRunnableType(base.store.db, types, ref))
  if (type?.isPublic) return type
  const asked = typeof value === 'string' ? value : JSON.stringify(value)
  throw refused(`Job type ${asked} not available. Available job types are ${publicNames(types).join(', ')}`)
}

/** Names of what anybody may submit, sorted. */
export const publicNames = (types: TypeRegistry) =>
  types
    .list()
    .filter((type) => type.isPublic)
    .map((type) => type.name)

function parseMetadata(value: unknown): Input {
  if (!isObject(value)) throw refused('metadata has to be a json object')
  const keys = Object.keys(value)
  if (keys.length > maxMetadataKeys) throw refused(`metadata has more than ${maxMetadataKeys} keys`)
  if (keys.some((key) => key.length > maxKeyLength)) throw refused(`a key of metadata is longer than ${maxKeyLength} characters`)
  return value
}

function parseId(id: string | undefined): string | undefined {
  if (id === undefined) return undefined
  if (id.includes('/')) throw new HttpError(404, 'job_id not found')
  if (id.length > maxIdLength) throw refused(`job_id is longer than ${maxIdLength} characters`)
  if (id === '' || !isStorable(id)) throw refused('job_id has characters that cannot be stored')
  return id
}

const isStorable = (text: string) => text.isWellFormed() && !text.includes('\0')
