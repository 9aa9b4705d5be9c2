import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { isRecord, type PlainRecord } from '../record.ts'
import { refusal, type ScriptedAnswer, type SeenRequest, success } from './scripted-server.ts'

/** The key of the only user, a sysadmin. */
export const ADMIN_KEY = 'the-key-of-the-sysadmin'

type Room = 'package' | 'group' | 'organization'

class Refusal {
  readonly answer: ScriptedAnswer

  constructor(status: number, error: PlainRecord) {
    this.answer = refusal(status, error)
  }
}

const missing = new Refusal(404, { __type: 'Not Found Error', message: 'Not found' })
const denied = new Refusal(403, { __type: 'Authorization Error', message: 'Access denied' })
const notValid = (errors: PlainRecord) => new Refusal(409, { __type: 'Validation Error', ...errors })

/** A catalogue in memory with the habits of a real CKAN: ids and names are interchangeable, deleting keeps record and name, an update erases what is
 * not sent, lists are capped silently, anonymous callers get 403 for what is deleted. */
export class ForeignCkan {
  readonly rooms: Record<Room, PlainRecord[]> = { package: [], group: [], organization: [] }
  /** Rows that a list or search gives at most. */
  cap = 1000
  /** Actions that this server does not know. */
  readonly unknown = new Set<string>()
  #clock = 0

  /** Answers a request; to be passed to a scripted server. */
  readonly answer = (request: SeenRequest): ScriptedAnswer => {
    const name = request.path.split('/').at(-1) ?? ''
    const params: unknown = JSON.parse(request.body || '{}')
    const [, prefix = '', verb = ''] = /^(package|dataset|group|organization)_(\w+)$/.exec(name) ?? []
    const room = prefix === 'dataset' ? 'package' : prefix
    if (this.unknown.has(name) || !isRecord(params) || !isRoom(room)) return { status: 400, body: JSON.stringify(`Action name not known: ${name}`) }
    const outcome = this.#run(room, verb, { params, admin: request.headers.authorization === ADMIN_KEY })
    return outcome instanceof Refusal ? outcome.answer : success(outcome ?? null)
  }

  #run(room: Room, verb: string, { params, admin }: { params: PlainRecord; admin: boolean }): unknown {
    if (verb === 'list') return this.#list(room, params)
    if (verb === 'search') return this.#search(this.#visible(room).filter(conditionOf(params['fq'])), params)
    if (verb === 'create') return admin ? this.#create(room, params) : denied
    const record = this.rooms[room].find((one) => one['id'] === params['id'] || one['name'] === params['id'])
    if (!record) return missing
    if (!admin && (verb !== 'show' || record['state'] !== 'active')) return denied
    if (verb === 'show') return record
    if (verb === 'delete') return void Object.assign(record, { state: 'deleted' })
    if (verb === 'purge') return void this.rooms[room].splice(this.rooms[room].indexOf(record), 1)
    return this.#store(room, record, verb === 'patch' ? { ...record, ...params } : params)
  }

  #list(room: Room, params: PlainRecord): unknown {
    const records = room === 'package' ? this.#visible(room) : this.#page(this.#visible(room), params['offset'])
    return params['all_fields'] ? records.map(({ extras: _extras, ...brief }) => brief) : records.map((record) => record['name'])
  }

  #search(found: PlainRecord[], params: PlainRecord): unknown {
    const rows = typeof params['rows'] === 'number' ? params['rows'] : 10
    return { count: found.length, results: this.#page(found, params['start']).slice(0, rows) }
  }

  #visible(room: Room): PlainRecord[] {
    return this.rooms[room].filter((record) => record['state'] === 'active').sort((a, b) => (String(a['id']) < String(b['id']) ? -1 : 1))
  }

  #page(records: PlainRecord[], start: unknown): PlainRecord[] {
    const from = typeof start === 'number' ? start : 0
    return records.slice(from, from + this.cap)
  }

  #create(room: Room, params: PlainRecord): unknown {
    const record: PlainRecord = { id: randomUUID() }
    const stored = this.#store(room, record, params)
    if (stored === record) this.rooms[room].push(record)
    return stored
  }

  /** Makes the record exactly what was sent, and fills in what a CKAN fills in. */
  #store(room: Room, record: PlainRecord, sent: PlainRecord): PlainRecord | Refusal {
    const { id } = record
    const taken = this.rooms[room].some((one) => one['name'] === sent['name'] && one['id'] !== id)
    if (typeof sent['name'] !== 'string') return notValid({ name: ['Missing value'] })
    if (taken) return notValid({ name: ['That URL is already in use.'] })
    if (sent['extras'] !== undefined && !Array.isArray(sent['extras'])) return notValid({ extras: ['must be a list'] })
    for (const key of Object.keys(record)) delete record[key]
    Object.assign(record, { state: 'active', title: sent['name'], extras: [], groups: [], tags: [] }, nonEmpty(sent), { id })
    if (room === 'package') Object.assign(record, { resources: fillResources(sent['resources']), metadata_modified: this.#tick() })
    else Object.assign(record, { users: sent['users'] ?? [], packages: sent['packages'] ?? [] })
    return record
  }

  #tick(): string {
    return new Date(Date.UTC(2020, 0, 1) + this.#clock++).toISOString()
  }
}

/** Understands `id:"…"` and `metadata_modified:[… TO *]`, joined by AND, and nothing else. */
function conditionOf(fq: unknown): (record: PlainRecord) => boolean {
  if (typeof fq !== 'string') return () => true
  const tests = fq.split(' AND ').map((term) => {
    const [, id, since] = /^\(?(?:id:"(.*)"|metadata_modified:\[(\S+) TO \*\])\)?$/.exec(term) ?? assert.fail(`not understood: ${term}`)
    return (record: PlainRecord) => (id === undefined ? String(record['metadata_modified']) >= String(since) : record['id'] === id)
  })
  return (record) => tests.every((holds) => holds(record))
}

const isRoom = (text: string): text is Room => text === 'package' || text === 'group' || text === 'organization'

const nonEmpty = (record: PlainRecord) => Object.fromEntries(Object.entries(record).filter(([, value]) => value !== null && value !== ''))

function fillResources(resources: unknown): unknown[] {
  const given: unknown[] = Array.isArray(resources) ? resources : []
  return given.filter(isRecord).map((resource, position) => ({ ...resource, id: resource['id'] ?? randomUUID(), position, mimetype: 'text/csv' }))
}
