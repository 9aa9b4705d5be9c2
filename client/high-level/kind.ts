import {
  CkanBadRequestError,
  CkanConflictError,
  CkanMismatchError,
  CkanNotAuthorizedError,
  CkanNotFoundError,
  CkanProtocolError,
  type Difference,
  type NotFoundReason,
} from '../errors.ts'
import type { CkanLowLevelClient } from '../low-level/low-level.ts'
import { CkanObject } from '../objects/object.ts'
import type { PlainRecord } from '../record.ts'
import { applyChanges, changesIn, changesOf, replacementOf, type Stored } from './merge.ts'

/** What the server made of a write, when that is not what was sent. */
export interface CkanWarning {
  message: string
  expected: CkanObject
  actual: CkanObject
  differences: Difference[]
}

export interface GetOptions {
  /** Whether an object that is not active counts as found. */
  allowDeleted?: boolean
}

export interface UpdateOptions {
  /** `replace` makes fields, extras and groups exactly the object's; `changes` writes what was changed in the object over the record as it is now. */
  merge?: 'replace' | 'changes'
  /** Whether to write nothing if the record was changed since the object was read. */
  checkConflict?: boolean
}

/** How replies are checked. */
export interface Verification {
  verify: 'warn' | 'throw' | 'off'
  onWarning: (warning: CkanWarning) => void
}

/** What differs between datasets, groups and organizations. */
export interface Kind<T extends Stored> {
  label: 'dataset' | 'group' | 'organization'
  /** First word of its actions. */
  prefix: 'package' | 'group' | 'organization'
  build: (values: object) => T
  show: (client: CkanLowLevelClient, ref: string) => Promise<PlainRecord>
  create: (client: CkanLowLevelClient, payload: PlainRecord) => Promise<PlainRecord>
  /** Changes the sent keys of a record, or the whole record where all are sent. */
  write: (client: CkanLowLevelClient, payload: PlainRecord) => Promise<PlainRecord>
}

/** An object that the server stores, and that has its id therefore. */
export type Saved<T extends Stored> = T & { id: string }

/** A 404 that the server did not send. */
interface Simulated {
  reason: NotFoundReason
  /** Why this is not what was asked for. */
  what: string
  cause?: unknown
}

/** Reading and writing one kind of objects, with the checks that a server leaves out. */
export class Records<T extends Stored> {
  readonly #client: CkanLowLevelClient
  readonly #kind: Kind<T>
  readonly #verification: Verification

  constructor(client: CkanLowLevelClient, kind: Kind<T>, verification: Verification) {
    this.#client = client
    this.#kind = kind
    this.#verification = verification
  }

  /** The object whose id or name is exactly this. Throws CkanNotFoundError with its reason. */
  async get(ref: string, by: 'id' | 'name', { allowDeleted = false }: GetOptions = {}): Promise<Saved<T>> {
    const object = this.#saved(await this.#show(ref))
    if (object[by] !== ref) throw this.#notFound(ref, { reason: `${by}-mismatch`, what: `${by} is ${JSON.stringify(object[by])}` })
    if (!allowDeleted && object.state !== 'active' && object.state !== null)
      throw this.#notFound(ref, { reason: 'deleted', what: `state is ${object.state}` })
    return object
  }

  async create(value: T | object): Promise<Saved<T>> {
    const object = this.#cast(value)
    if (object.id) throw new TypeError(`a ${this.#kind.label} that is created must have no id; got ${object.id}`)
    const reply = this.#saved(await this.#kind.create(this.#client, object.toPayload()))
    return this.#check(object, reply)
  }

  async update(value: T | object, { merge = 'replace', checkConflict = false }: UpdateOptions = {}): Promise<Saved<T>> {
    const object = this.#cast(value)
    if (!object.id) throw new TypeError(`a ${this.#kind.label} that is updated must have an id`)
    if (merge !== 'replace' && merge !== 'changes') throw new TypeError(`merge must be replace or changes; got ${String(merge)}`)
    const stored = await this.get(object.id, 'id')
    if (checkConflict) this.#checkConflict(object, stored)
    if (merge === 'replace') return this.#write(object, replacementOf(object, stored))
    const changes = value instanceof CkanObject ? changesIn(object) : changesOf(object, value)
    if (changes.names.length === 0) return stored
    const target = this.#cast(stored.clone())
    applyChanges(changes, target)
    return this.#write(target, replacementOf(target, stored))
  }

  save(value: T | object, options: UpdateOptions = {}): Promise<Saved<T>> {
    const object = this.#cast(value)
    return object.id ? this.update(value, options) : this.create(value)
  }

  async #write(object: T, payload: PlainRecord): Promise<Saved<T>> {
    const reply = this.#saved(await this.#kind.write(this.#client, payload))
    return this.#check(object, reply)
  }

  async #show(ref: string): Promise<PlainRecord> {
    try {
      return await this.#kind.show(this.#client, ref)
    } catch (error) {
      // To callers without a key a server denies what it has deleted or hides; to them it is not there.
      if (error instanceof CkanNotAuthorizedError && !this.#client.hasApiKey)
        throw this.#notFound(ref, { reason: 'forbidden', what: 'is hidden from callers without key', cause: error })
      throw error
    }
  }

  #notFound(ref: string, { reason, what, cause }: Simulated): CkanNotFoundError {
    const action = `${this.#kind.prefix}_show`
    const message = `(logical) ${this.#kind.label} ${what}: asked for ${JSON.stringify(ref)}`
    const error = { __type: 'Not Found Error', message }
    return new CkanNotFoundError(message, {
      status: 404,
      action,
      url: this.#client.addressOf(action),
      method: 'POST',
      attempts: 1,
      error,
      reason,
      cause,
    })
  }

  #saved(record: PlainRecord): Saved<T> {
    const object = this.#kind.build(record)
    if (hasId(object)) return object
    throw new CkanProtocolError(`the server gave a ${this.#kind.label} without id`, { url: this.#client.baseUrl })
  }

  #checkConflict(object: T, stored: T): void {
    const [mine, theirs] = [object.readonly['metadata_modified'], stored.readonly['metadata_modified']]
    if (mine === theirs) return
    const action = `${this.#kind.prefix}_show`
    const message = `${this.#kind.label} ${object.id} was changed at ${String(theirs)}, after it was read (${String(mine)}); nothing was written`
    throw new CkanConflictError(message, { action, url: this.#client.addressOf(action), method: 'POST', attempts: 1 })
  }

  #check(expected: T, actual: Saved<T>): Saved<T> {
    const { verify, onWarning } = this.#verification
    if (verify === 'off') return actual
    const differences = expected.diff(actual, { ignoreFilled: true })
    if (differences.length === 0) return actual
    const message = `the server stored ${this.#kind.label} ${actual.id} with other values: ${differences.map((one) => one.field).join(', ')}`
    if (verify === 'throw') throw new CkanMismatchError(message, { expected, actual, differences })
    onWarning({ message, expected, actual, differences })
    return actual
  }

  #cast(value: T | object): T {
    const example = this.#kind.build({})
    if (isLike(value, example)) return value
    if (value instanceof CkanObject) throw new TypeError(`not a ${this.#kind.label}: ${value.constructor.name}`)
    return this.#kind.build(value)
  }
}

/** Whether an object is one that the server stores. */
export const hasId = <T extends Stored>(object: T): object is Saved<T> => typeof object.id === 'string'
const isLike = <T extends object>(value: object, example: T): value is T => Object.getPrototypeOf(value) === Object.getPrototypeOf(example)

/** Writes a group or organization without touching its members and datasets: by patch, or where that is unknown, with both carried over. */
export async function writeGroup(client: CkanLowLevelClient, prefix: 'group' | 'organization', payload: PlainRecord): Promise<PlainRecord> {
  const isGroup = prefix === 'group'
  try {
    return await (isGroup ? client.patchGroup(payload) : client.patchOrganization(payload))
  } catch (error) {
    if (!(error instanceof CkanBadRequestError)) throw error
  }
  const stored = await client.action<PlainRecord>(`${prefix}_show`, { id: payload['id'], include_users: true, include_datasets: true })
  const whole = { ...payload, users: stored['users'] ?? [], packages: stored['packages'] ?? [] }
  return isGroup ? client.updateGroup(whole) : client.updateOrganization(whole)
}
