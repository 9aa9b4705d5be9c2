import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { sql } from 'kysely'
import { pino } from 'pino'
import { compareTexts } from '../../../base/code-points.ts'
import { DomainError, type ErrorCode, type FieldErrors } from '../../../base/errors.ts'
import type { Actor } from '../../../context.ts'
import { lastChange } from '../../../store/changes.ts'
import { type DatabasePlace, openSnapshots, type Snapshots } from '../../../store/snapshots.ts'
import type { Db } from '../../../store/store.ts'
import { intersect, type Numbers, pageOf } from '../numbers.ts'
import type { FacetCount, SearchAnswer, SearchRequest } from '../search.ts'
import { requireExtras } from '../sql/engine.ts'
import { countFacet } from '../sql/facets.ts'
import { rankTerms } from '../term.ts'
import type { Column } from './column.ts'
import { DatasetIndex } from './index.ts'
import { Matcher, type RankedNos, termsKey } from './matcher.ts'
import { catchUp, findColumn, listRoles, loadIndex } from './store.ts'
import type { Viewer } from './visible.ts'

/** The start parameters of the thread. */
export interface ThreadData {
  readonly place: DatabasePlace
}

export type ToThread =
  | { readonly kind: 'search'; readonly id: number; readonly actor: Actor; readonly request: SearchRequest }
  | { readonly kind: 'close' }

export type FromThread =
  | { readonly kind: 'ready' }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: SearchAnswer }
  /** The search is invalid, or takes too long. */
  | { readonly kind: 'refused'; readonly id: number; readonly code: ErrorCode; readonly message: string; readonly fields: FieldErrors | undefined }
  /** The thread failed. */
  | { readonly kind: 'failed'; readonly id: number; readonly message: string }

/** Milliseconds that one search may take; the next search waits for it. */
const maxSearchMs = 2000

/** Answers searches from arrays that are brought up to date in the snapshot of each search. Takes one search at a time. */
export class IndexedSearch {
  readonly #snapshots: Snapshots
  readonly #matcher: Matcher
  #index = new DatasetIndex()

  constructor(snapshots: Snapshots) {
    this.#snapshots = snapshots
    this.#matcher = new Matcher(snapshots)
  }

  /** Reads the whole catalogue into memory. */
  async load(): Promise<void> {
    const index = new DatasetIndex()
    await this.#snapshots.read((db) => loadIndex(db, index))
    this.#index = index
  }

  /** Throws `invalid` for an invalid query, `unavailable` for one that takes too long. */
  search(actor: Actor, request: SearchRequest): Promise<SearchAnswer> {
    return this.#snapshots.read(async (db) => {
      await this.#catchUp(db)
      const viewer = await viewerOf(db, actor, request)
      await requireExtras(db, actor, request)
      const terms = isByRank(request) ? rankTerms(request.query) : []
      const ranked = terms.length > 0 ? await this.#matcher.rank(db, terms, this.#index.catalogueNo) : undefined
      const hits = await this.#hits(db, request, { viewer, ranked: ranked && { key: termsKey(terms), nos: ranked.nos } })
      const facets = new Map<string, readonly FacetCount[]>()
      for (const field of new Set(request.facets)) facets.set(field, await this.#countFacet(db, field, { hits, request }))
      return { count: hits.length, nos: [...this.#page(hits, request, ranked)], facets }
    }, maxSearchMs)
  }

  /** Most searches find no change since the last one. */
  async #catchUp(db: Db): Promise<void> {
    const last = await lastChange(db)
    if (this.#index.changeNo < last) await catchUp(db, this.#snapshots.dialect, { index: this.#index, last })
  }

  async #hits(
    db: Db,
    request: SearchRequest,
    { viewer, ranked }: { viewer: Viewer; ranked: { key: string; nos: Numbers } | undefined },
  ): Promise<Numbers> {
    const index = this.#index
    const scope = { size: index.size, ranked }
    const found = await this.#matcher.find(db, request.query, { ...scope, strictness: 'lenient' })
    const filtered = found?.length === 0 ? found : await this.#matcher.find(db, request.filter, { ...scope, strictness: 'strict' })
    const candidates = found && filtered ? intersect(found, filtered) : (found ?? filtered)
    const mayBeFound = index.viewTest(viewer, request)
    const isLicensed = licenceTest(index, request)
    const fits = (no: number) => mayBeFound(no) && (!request.isDownloadable || index.isDownloadable(no)) && isLicensed(no)
    const hits = new Uint32Array(candidates?.length ?? index.size)
    let length = 0
    if (candidates) {
      for (const no of candidates) if (fits(no)) hits[length++] = no
    } else {
      for (let no = 1; no < index.size; no++) if (fits(no)) hits[length++] = no
    }
    return hits.subarray(0, length)
  }

  #page(hits: Numbers, request: SearchRequest, ranked: RankedNos | undefined): Uint32Array {
    const terms = request.order.map(({ field, isDescending }) => ({
      keys: field === 'rank' ? ranked && this.#rankKeys(ranked) : this.#index.keysOf(field),
      sign: isDescending ? -1 : 1,
    }))
    const names = this.#index.name.keys
    const compare = (one: number, other: number) => {
      for (const { keys, sign } of terms) {
        // Without words all datasets have the same rank.
        const difference = keys ? (keys[one] as number) - (keys[other] as number) : 0
        if (difference !== 0) return difference * sign
      }
      return (names[one] as number) - (names[other] as number)
    }
    return pageOf(hits, request, compare)
  }

  #rankKeys({ nos, rank }: RankedNos): Uint8Array {
    const keys = new Uint8Array(this.#index.size)
    for (let place = 0; place < nos.length; place++) keys[nos[place] as number] = rank[place] as number
    return keys
  }

  async #countFacet(db: Db, field: string, { hits, request }: { hits: Numbers; request: SearchRequest }): Promise<readonly FacetCount[]> {
    const index = this.#index
    // Organizations are held once, for their names and their ids.
    const column = await findColumn(db, index, field === 'owner_org' ? 'organization' : field)
    if (!column) {
      const where = sql`${this.#snapshots.guard} and dataset.no in ${this.#snapshots.dialect.numbers([...hits])}`
      return hits.length === 0 ? [] : countFacet(db, { field, where, request })
    }
    if (field === 'groups') return topCounts(column, hits, { request, label: (no) => active(index.groups.get(Number(no)))?.name })
    if (field === 'organization') return topCounts(column, hits, { request, label: (no) => index.groups.get(Number(no))?.name })
    if (field === 'owner_org') return topCounts(column, hits, { request, label: (no) => index.groups.get(Number(no))?.id })
    return topCounts(column, hits, { request, label: (value) => value })
  }
}

const isByRank = ({ order }: SearchRequest) => order.some(({ field }) => field === 'rank')

const active = <T extends { isActive: boolean }>(group: T | undefined) => (group?.isActive ? group : undefined)

async function viewerOf(db: Db, actor: Actor, { include }: SearchRequest): Promise<Viewer> {
  const isAsked = include.isPrivate || include.isDraft || include.isDeleted
  if (actor.kind === 'anonymous' || !isAsked) return { actor, roles: new Map() }
  return { actor, roles: await listRoles(db, actor.id) }
}

function licenceTest(index: DatasetIndex, { licenceIds }: SearchRequest): (no: number) => boolean {
  if (!licenceIds) return () => true
  const column = index.columns.get('license_id')
  const wanted = new Set(licenceIds.flatMap((id) => column?.numberOf(id) ?? []))
  return (no) => column?.hasAny(no, wanted) ?? false
}

interface CountTask {
  readonly request: SearchRequest
  /** The text that a value is shown as; undefined for a value that is not shown. */
  readonly label: (value: string) => string | undefined
}

/** The most frequent values, those of equal counts by value. */
function topCounts(column: Column, hits: Numbers, { request, label }: CountTask): FacetCount[] {
  const counts = column.count(hits)
  const labels: (string | undefined)[] = []
  const numbers: number[] = []
  for (let number = 1; number < counts.length; number++) {
    if ((counts[number] as number) < Math.max(1, request.facetMinCount)) continue
    labels[number] = label(column.values[number] ?? '')
    if (labels[number] !== undefined) numbers.push(number)
  }
  const compare = (one: number, other: number) =>
    (counts[other] as number) - (counts[one] as number) || compareTexts(labels[one] ?? '', labels[other] ?? '')
  const top = pageOf(Uint32Array.from(numbers), { limit: request.facetLimit, offset: 0 }, compare)
  return Array.from(top, (number) => ({ value: labels[number] ?? '', count: counts[number] ?? 0 }))
}

/** The program of the search thread: loads the index, then answers searches one after the other until it is closed. */
async function run(port: MessagePort, { place }: ThreadData): Promise<void> {
  const send = (message: FromThread) => port.postMessage(message)
  const snapshots = openSnapshots(place, pino({ level: 'silent' }))
  const search = new IndexedSearch(snapshots)
  let turn = search.load().then(() => send({ kind: 'ready' }))
  port.on('message', (message: ToThread) => {
    turn = turn.then(async () => {
      if (message.kind === 'search') return send(await answer(search, message))
      await snapshots.close()
      port.close()
    })
  })
  await turn
}

async function answer(search: IndexedSearch, { id, actor, request }: Extract<ToThread, { kind: 'search' }>): Promise<FromThread> {
  try {
    return { kind: 'answer', id, answer: await search.search(actor, request) }
  } catch (error) {
    if (error instanceof DomainError) return { kind: 'refused', id, code: error.code, message: error.message, fields: error.fields }
    return { kind: 'failed', id, message: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}

if (parentPort) await run(parentPort, workerData as ThreadData)
