import { linkSignals } from '../abort.ts'
import { CkanNotFoundError } from '../errors.ts'
import { isRecord, type PlainRecord } from '../record.ts'
import { addressOf, formOf, type Path } from './address.ts'
import { errorOf, isSuccess, parseResult } from './answer.ts'
import { type ClientOptions, parseApiKey, parseBaseUrl, parseOptions, type Settings } from './options.ts'
import { Pace } from './pace.ts'
import { iterPages, type Page } from './paging.ts'
import { type Answer, idOf, parseIdentified, parseObject, parseRecords, parseSearchPage, parseTexts } from './result.ts'
import { Transport } from './transport.ts'

export interface ActionOptions {
  /** Default POST. With GET the parameters stand in the query. */
  method?: 'GET' | 'POST'
  /** Sent as multipart parts; all other parameters must then be texts, numbers or booleans. */
  files?: Record<string, Blob>
  signal?: AbortSignal
  /** Whether it may be sent again after a lost answer. Default: true for GET and for actions that create and send nothing. */
  idempotent?: boolean
}

export interface RequestOptions {
  /** Sent as JSON; a text is taken as ready JSON; a form, Blob or bytes as they are. */
  body?: unknown
  query?: PlainRecord
  headers?: Record<string, string>
  signal?: AbortSignal
  /** Default: true for GET and HEAD. */
  idempotent?: boolean
}

export interface RequestResult {
  status: number
  headers: Headers
  /** The JSON value of the body, or its text if it is not JSON. */
  data: unknown
}

/** What to iterate over; `q` and `fq` in the server's search language. */
export interface DatasetQuery {
  q?: string
  fq?: string
  sort?: string
  pageSize?: number
  /** Default: true when the client has a key. */
  includePrivate?: boolean
  includeDrafts?: boolean
  /** Deleted ones too, where the server knows this parameter. Default false. */
  includeDeleted?: boolean
  /** Whether the next page is asked for while the datasets of this one are worked on. Default false. */
  readAhead?: boolean
  signal?: AbortSignal
}

const NAMES_PER_PAGE = 1000
const BY_ID = 'id asc'

/** One method, one action of a CKAN. Results are as the server gave them, checked for their type.
 *
 * Every method rejects with a CkanError of the class that fits, with a TypeError before anything is sent if an argument is of no use,
 * and with the signal's reason after an abort.
 */
export class CkanLowLevelClient {
  /** Without trailing slashes. */
  readonly baseUrl: string
  readonly #options: ClientOptions
  readonly #settings: Settings
  readonly #pace: Pace
  readonly #transport: Transport

  /** `pace` is for copies only, which wait their turn together. */
  constructor(baseUrl: string, options: ClientOptions = {}, pace?: Pace) {
    this.baseUrl = parseBaseUrl(baseUrl)
    this.#options = options
    this.#settings = parseOptions(options)
    this.#pace = pace ?? new Pace(this.#settings.requestsPerSecond)
    this.#transport = new Transport(this.#settings, this.#pace)
  }

  /** The address of an action, for messages. */
  addressOf(action: string): string {
    return this.#address(['api', '3', 'action', action]).href
  }

  /** A copy without key. */
  get anonymous(): CkanLowLevelClient {
    return this.withApiKey(null)
  }

  /** Whether calls carry a key. */
  get hasApiKey(): boolean {
    return this.#settings.apiKey !== null
  }

  /** A copy with another key; null for none. */
  withApiKey(key: string | null): CkanLowLevelClient {
    return new CkanLowLevelClient(this.baseUrl, { ...this.#options, apiKey: parseApiKey(key) ?? undefined }, this.#pace)
  }

  /** A copy whose calls end when this signal aborts, instead of the signal of the options. */
  withSignal(signal: AbortSignal): CkanLowLevelClient {
    return new CkanLowLevelClient(this.baseUrl, { ...this.#options, signal }, this.#pace)
  }

  /** The signal that ends every call of this client. */
  get signal(): AbortSignal | undefined {
    return this.#settings.signal
  }

  /** Calls an action and gives its `result`; `T` is what the caller expects, unchecked. */
  async action<T = unknown>(name: string, params: PlainRecord = {}, options: ActionOptions = {}): Promise<T> {
    const { result } = await this.#call(name, params, options)
    return result as T
  }

  /** A call to any other route of the server, such as `/job` or `['source', owner, name, 'latest']`. */
  async request(method: string, path: Path, options: RequestOptions = {}): Promise<RequestResult> {
    const verb = method.toUpperCase()
    const url = this.#address(path, options.query)
    const { body, type } = encodeBody(options.body)
    const headers = this.#headers(type, options.headers)
    const idempotent = options.idempotent ?? (verb === 'GET' || verb === 'HEAD')
    const reply = await this.#transport.send({ method: verb, url, action: null, headers, body, signal: options.signal, idempotent })
    if (!isSuccess(reply.status)) throw errorOf(reply)
    return { status: reply.status, headers: reply.headers, data: reply.json ? reply.json.value : reply.text }
  }

  /** Names of all public datasets, page by page; with `limit` or `offset` one answer of the server. */
  async listDatasets({ limit, offset }: { limit?: number; offset?: number } = {}): Promise<string[]> {
    if (limit === undefined && offset === undefined) return this.#listNames('package_list')
    return parseTexts(await this.#call('package_list', { limit, offset }))
  }

  listGroups(): Promise<string[]> {
    return this.#listNames('group_list')
  }

  listOrganizations(): Promise<string[]> {
    return this.#listNames('organization_list')
  }

  /** All groups as the list shows them: without extras, members and datasets. */
  iterGroups(): AsyncGenerator<PlainRecord, void, undefined> {
    return this.#iterListed('group_list')
  }

  /** All organizations as the list shows them: without extras, members and datasets. */
  iterOrganizations(): AsyncGenerator<PlainRecord, void, undefined> {
    return this.#iterListed('organization_list')
  }

  /** All datasets that a search finds, page by page, each once. */
  iterDatasets(query: DatasetQuery = {}): AsyncGenerator<PlainRecord, void, undefined> {
    const {
      q,
      fq,
      sort = BY_ID,
      pageSize = 100,
      includePrivate = this.hasApiKey,
      includeDrafts = this.hasApiKey,
      includeDeleted,
      readAhead,
      signal,
    } = query
    if (!(Number.isInteger(pageSize) && pageSize > 0)) throw new TypeError(`pageSize must be an integer above 0; got ${String(pageSize)}`)
    const include = { include_private: includePrivate || undefined, include_drafts: includeDrafts || undefined }
    const params = { q, fq, sort, rows: pageSize, ...include, include_deleted: includeDeleted || undefined }
    return iterPages({
      fetchPage: async (start, pageSignal) => {
        const { controller, unlink } = linkSignals([signal, pageSignal])
        const page = this.#call('package_search', { ...params, start }, { signal: controller.signal })
        return parseSearchPage(await page.finally(unlink))
      },
      readAhead,
      keyOf: idOf,
      pageSize,
      remember: sort === BY_ID ? Math.max(10_000, 10 * pageSize) : Infinity,
      repeatIsEnd: false,
    })
  }

  getDataset(ref: string): Promise<PlainRecord> {
    return this.#show('package_show', ref)
  }

  getGroup(ref: string): Promise<PlainRecord> {
    return this.#show('group_show', ref)
  }

  getOrganization(ref: string): Promise<PlainRecord> {
    return this.#show('organization_show', ref)
  }

  createDataset(dataset: PlainRecord): Promise<PlainRecord> {
    return this.#write('package_create', dataset)
  }

  createGroup(group: PlainRecord): Promise<PlainRecord> {
    return this.#write('group_create', group)
  }

  createOrganization(organization: PlainRecord): Promise<PlainRecord> {
    return this.#write('organization_create', organization)
  }

  /** Replaces the whole record `dataset.id`: what is not sent is erased. */
  updateDataset(dataset: PlainRecord): Promise<PlainRecord> {
    return this.#write('package_update', withId(dataset))
  }

  /** Replaces the whole record, members and datasets included. */
  updateGroup(group: PlainRecord): Promise<PlainRecord> {
    return this.#write('group_update', withId(group))
  }

  /** Replaces the whole record, members included. */
  updateOrganization(organization: PlainRecord): Promise<PlainRecord> {
    return this.#write('organization_update', withId(organization))
  }

  /** Changes only the keys that are sent. */
  patchDataset(dataset: PlainRecord): Promise<PlainRecord> {
    return this.#write('package_patch', withId(dataset))
  }

  patchGroup(group: PlainRecord): Promise<PlainRecord> {
    return this.#write('group_patch', withId(group))
  }

  patchOrganization(organization: PlainRecord): Promise<PlainRecord> {
    return this.#write('organization_patch', withId(organization))
  }

  /** Marks a dataset as deleted; the server keeps it, in older CKAN its name too. */
  deleteDataset(ref: string, options: { ignoreNotFound?: boolean } = {}): Promise<void> {
    return this.#remove(['package_delete'], ref, options)
  }

  /** Removes a dataset for good. */
  purgeDataset(ref: string, options: { ignoreNotFound?: boolean } = {}): Promise<void> {
    return this.#remove(['dataset_purge'], ref, options)
  }

  /** Deletes a group, and removes it for good unless `purge` is false. */
  deleteGroup(ref: string, options: { ignoreNotFound?: boolean; purge?: boolean } = {}): Promise<void> {
    return this.#remove(options.purge === false ? ['group_delete'] : ['group_delete', 'group_purge'], ref, options)
  }

  /** Deletes an organization, and removes it for good unless `purge` is false. */
  deleteOrganization(ref: string, options: { ignoreNotFound?: boolean; purge?: boolean } = {}): Promise<void> {
    return this.#remove(options.purge === false ? ['organization_delete'] : ['organization_delete', 'organization_purge'], ref, options)
  }

  async listLicenses(): Promise<PlainRecord[]> {
    return parseRecords(await this.#call('license_list', {}))
  }

  async #call(name: string, params: PlainRecord, options: ActionOptions = {}): Promise<Answer> {
    const { method = 'POST', files, signal, idempotent = method === 'GET' || isRepeatable(name) } = options
    if (typeof name !== 'string' || !/^[A-Za-z0-9_]+$/.test(name)) throw new TypeError(`not the name of an action: ${JSON.stringify(name)}`)
    if (!isRecord(params)) throw new TypeError(`${name}: the parameters must be a plain object`)
    if (method !== 'GET' && method !== 'POST') throw new TypeError(`${name}: an action is called by GET or POST, not ${String(method)}`)
    if (files && method === 'GET') throw new TypeError(`${name}: files can be sent by POST only`)
    const url = this.#address(['api', '3', 'action', name], method === 'GET' ? params : {})
    const body = method === 'GET' ? undefined : files ? formOf(params, files) : JSON.stringify(params)
    const headers = this.#headers(typeof body === 'string' ? JSON_TYPE : undefined)
    const reply = await this.#transport.send({ method, url, action: name, headers, body, signal, idempotent })
    return { result: parseResult(reply), reply }
  }

  async #show(name: string, ref: string): Promise<PlainRecord> {
    return parseObject(await this.#call(name, { id: checkRef(ref) }))
  }

  async #write(name: string, record: PlainRecord): Promise<PlainRecord> {
    return parseObject(await this.#call(name, record))
  }

  async #remove(actions: string[], ref: string, { ignoreNotFound = true }: { ignoreNotFound?: boolean }): Promise<void> {
    for (const name of actions) {
      try {
        await this.#call(name, { id: checkRef(ref) })
      } catch (error) {
        if (!(ignoreNotFound && error instanceof CkanNotFoundError)) throw error
      }
    }
  }

  async #listNames(name: string): Promise<string[]> {
    const names: string[] = []
    const fetchPage = async (offset: number): Promise<Page<string>> => {
      const answer = await this.#call(name, { limit: NAMES_PER_PAGE, offset })
      return { items: parseTexts(answer), reply: answer.reply }
    }
    const paging = { fetchPage, keyOf: (item: string) => item, pageSize: NAMES_PER_PAGE, remember: Infinity, repeatIsEnd: true }
    for await (const item of iterPages(paging)) names.push(item)
    return names
  }

  #iterListed(name: string): AsyncGenerator<PlainRecord, void, undefined> {
    const fetchPage = async (offset: number) => parseIdentified(await this.#call(name, { all_fields: true, limit: NAMES_PER_PAGE, offset }))
    return iterPages({ fetchPage, keyOf: idOf, pageSize: NAMES_PER_PAGE, remember: Infinity, repeatIsEnd: true })
  }

  #address(path: Path, query: PlainRecord = {}): URL {
    return addressOf(this.baseUrl, path, query)
  }

  #headers(contentType: string | undefined, further: Record<string, string> = {}): Record<string, string> {
    const { apiKey, headers } = this.#settings
    const given: Record<string, string> = { ...headers, ...further }
    const lower = Object.fromEntries(Object.entries(given).map(([key, value]) => [key.toLowerCase(), value]))
    return { ...(contentType ? { 'content-type': contentType } : {}), ...lower, ...(apiKey === null ? {} : { authorization: apiKey }) }
  }
}

const JSON_TYPE = 'application/json'

/** Whether a lost answer may be asked for again: doing it twice leaves the same state, and sends nothing to anybody. */
const isRepeatable = (name: string) => !name.endsWith('_create') && !/_invite|upload|_send/.test(name)

function encodeBody(body: unknown): { body: string | FormData | Blob | URLSearchParams | Uint8Array<ArrayBuffer> | undefined; type?: string } {
  if (body === undefined) return { body: undefined }
  if (body instanceof FormData || body instanceof Blob || body instanceof URLSearchParams) return { body }
  if (body instanceof Uint8Array) return { body: new Uint8Array(body) }
  return { body: typeof body === 'string' ? body : JSON.stringify(body), type: JSON_TYPE }
}

function checkRef(ref: string): string {
  if (typeof ref !== 'string' || ref === '') throw new TypeError(`an id or name must be a text that is not empty; got ${JSON.stringify(ref)}`)
  return ref
}

function withId(record: PlainRecord): PlainRecord {
  if (!isRecord(record) || typeof record['id'] !== 'string' || record['id'] === '') throw new TypeError('an update needs the id of the record')
  return record
}
