import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { SearchThread } from '../src/catalogue/search/memory/engine.ts'
import type { SearchEngine, SearchRequest } from '../src/catalogue/search/search.ts'
import { sqlSearch } from '../src/catalogue/search/sql/engine.ts'
import { anonymous } from '../src/context.ts'
import type { DatabasePlace } from '../src/store/snapshots.ts'
import type { Store } from '../src/store/store.ts'
import { makeDatabase, openTestStore } from '../test/store.ts'
import { benchLegs } from './databases.ts'
import { generateCatalogue, wordOf } from './generated-catalogue.ts'
import { quantile } from './measure.ts'
import { PlainFts } from './search-reference.ts'
import { startHub, Wires } from './wire.ts'

const facets = ['tags', 'organization', 'license_id']
const wordsPerClass = 30
const passes = 2

const ranks = (from: number, step = 1) => Array.from({ length: wordsPerClass }, (_, at) => wordOf(from + at * step))
/** Words by how many datasets have them: up to 62 in 100, up to 3 in 100, up to 4 in 10,000. */
const classes: Readonly<Record<string, readonly string[]>> = {
  common: ranks(6),
  two: ranks(6).map((word, at) => `${word} ${wordOf(7 + ((at * 7) % wordsPerClass))}`),
  mid: ranks(200),
  rare: ranks(17_000, 400),
}

/** Searches with words and three facets, beside plain ways to the same answer, on each database. */
export async function searchBench(count = 20_000): Promise<void> {
  for (const leg of await benchLegs()) {
    const database = await makeDatabase(leg)
    const store = await openTestStore(database.url)
    try {
      const from = performance.now()
      await generateCatalogue(store, count)
      line(`${leg}: ${count.toLocaleString('en')} datasets written`, `${seconds(from)} s`)
      const place: DatabasePlace =
        leg === 'sqlite' ? { kind: 'sqlite', path: database.url.slice('sqlite:'.length) } : { kind: 'postgres', url: database.url }
      await compareEngines(store, place)
      await overHttp(leg, database.url)
    } finally {
      await store.close()
      await database.drop()
    }
  }
}

const line = (name: string, text: string) => console.log(`${name.padEnd(56)} ${text}`)
const seconds = (from: number) => ((performance.now() - from) / 1000).toFixed(1)
const ms = (value: number) => value.toFixed(1).padStart(7)
const figures = (times: readonly number[]) => `p50 ${ms(quantile(times, 0.5))}  p95 ${ms(quantile(times, 0.95))} ms`

const asking = (text: string): SearchRequest => ({
  query: { kind: 'and', queries: text.split(' ').map((word) => ({ kind: 'words', text: word })) },
  filter: { kind: 'all' },
  licenceIds: undefined,
  isDownloadable: false,
  include: { isPrivate: false, isDraft: false, isDeleted: false },
  order: [{ field: 'rank', isDescending: true }],
  limit: 20,
  offset: 0,
  facets,
  facetLimit: 50,
  facetMinCount: 1,
})

async function timed(run: () => unknown): Promise<number> {
  const from = performance.now()
  await run()
  return performance.now() - from
}

/** A change of one dataset, which invalidates all cached results. */
async function touch(store: Store): Promise<void> {
  const { id } = await store.db.selectFrom('dataset').select('id').where('no', '=', 1).executeTakeFirstOrThrow()
  await store.write(async (write) => write.change('dataset', id, 'updated'))
}

/** The engines alone, without HTTP and without the rows of the page; the ways take turns with each word. */
async function compareEngines(store: Store, place: DatabasePlace): Promise<void> {
  const thread = new SearchThread({ place, log: pino({ level: 'silent' }), minDatasets: 1 })
  const before = await anonymousMemory(process.pid)
  const from = performance.now()
  await thread.startIfLarge(store)
  await thread.ready
  line('search thread loads', `${seconds(from)} s, takes ${(await anonymousMemory(process.pid)) - before} MB`)
  const plain = place.kind === 'sqlite' ? new PlainFts(place.path) : undefined
  const ask = (engine: SearchEngine, word: string) => engine.search({ store, actor: anonymous }, asking(word))
  for (const [name, words] of Object.entries(classes)) {
    const times: Record<'own' | 'again' | 'sql' | 'fts', number[]> = { own: [], again: [], sql: [], fts: [] }
    let most = 0
    for (let pass = 0; pass < passes; pass++) {
      for (const word of words) {
        await touch(store)
        times.own.push(
          await timed(async () => {
            most = Math.max(most, (await ask(thread, word)).count)
          }),
        )
        times.again.push(await timed(() => ask(thread, word)))
        if (pass === 0) times.sql.push(await timed(() => ask(sqlSearch, word)))
        if (plain) times.fts.push(await timed(() => plain.search(word)))
      }
    }
    line(`${name} words, up to ${most.toLocaleString('en')} hits, 3 facets: thread`, figures(times.own))
    line('  the same, nothing written since it was asked before', figures(times.again))
    reference('  SQL, facets by group by', times.own, times.sql)
    if (plain) reference('  FTS5 with bm25, facets counted in JavaScript', times.own, times.fts)
  }
  plain?.close()
  await thread.close()
}

function reference(name: string, own: readonly number[], theirs: readonly number[]): void {
  const ratio = (share: number) => (quantile(own, share) / quantile(theirs, share)).toFixed(2)
  line(name, `${figures(theirs)}  own/reference ${ratio(0.5)} and ${ratio(0.95)}`)
}

/** A hub in a process of its own, and connections to it. */
interface Hub {
  readonly pid: number | undefined
  readonly wires: Wires
}

/** The hub as it is: `package_search` with a page of 20, and `package_show` while searches run. */
async function overHttp(leg: string, url: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-'))
  const server = await startHub({ MILLRACE_DATA_DIR: folder, PORT: '0', LOG_LEVEL: 'warn', DATABASE_URL: url })
  const hub: Hub = { pid: server.child.pid, wires: new Wires(4, server.port) }
  try {
    const empty = await anonymousMemory(hub.pid)
    await untilFast(hub)
    for (const [name, words] of Object.entries(classes)) {
      const times: number[] = []
      for (const q of words) times.push(await timed(() => post(hub, 'package_search', { q, 'facet.field': facets, rows: 20 })))
      line(`${leg}: package_search over HTTP, ${name} words`, `${figures(times)}  (aim p95 ${leg === 'sqlite' ? 20 : 100} at 100,000)`)
    }
    const alone = await showTimes(hub)
    let isOver = false
    const searching = searchUntil(hub, () => isOver)
    const beside = await showTimes(hub)
    isOver = true
    const searches = await searching
    line('package_show, nothing else', figures(alone))
    line(`package_show beside ${searches} searches for common words`, `${figures(beside)}  (aim p95 10)`)
    line('memory of the hub (RssAnon), started and after all that', `${empty} and ${await anonymousMemory(hub.pid)} MB  (aim 300)`)
    await listLines(leg, hub)
  } finally {
    hub.wires.close()
    server.child.kill()
    await rm(folder, { recursive: true })
  }
}

/** Calls an action; throws what it answers when that is no success. */
async function post(hub: Hub, action: string, body: object): Promise<string> {
  const text = (await hub.wires.use((wire) => wire.post(`/api/3/action/${action}`, JSON.stringify(body)))).toString()
  if (!text.includes('"success":true')) throw new Error(text)
  return text
}

/** Lists and completions, as pages of others ask for them at each key. */
async function listLines(leg: string, hub: Hub): Promise<void> {
  const starts = ['be', 'k', 'luma', 'vo', 'tig']
  const asks: [string, string, (at: number) => object][] = [
    ['package_list', 'shown', () => ({})],
    ['package_list', 'shown', (at) => ({ limit: 100, offset: at * 500 })],
    ['tag_autocomplete', 'p95 < 5', (at) => ({ q: `tag-${at}` })],
    ['package_autocomplete', 'p95 < 5', (at) => ({ q: starts[at % starts.length] })],
  ]
  for (const [action, aim, body] of asks) {
    const times: number[] = []
    for (let at = 0; at < 40; at++) times.push(await timed(() => post(hub, action, body(at))))
    line(`${leg}: ${action} ${JSON.stringify(body(1))}`, `${figures(times)}  (aim ${aim})`)
  }
}

/** Until the thread answers, SQL does; it takes many times longer for the commonest words. */
async function untilFast(hub: Hub): Promise<void> {
  const words = classes['common'] as readonly string[]
  for (let at = 0, quick = 0; quick < 3 && at < 100; at++) {
    const time = await timed(() => post(hub, 'package_search', { q: words[at % 3], 'facet.field': facets }))
    quick = time < 15 ? quick + 1 : 0
  }
}

async function showTimes(hub: Hub): Promise<number[]> {
  const times: number[] = []
  for (let at = 0; at < 1000; at++) times.push(await timed(() => post(hub, 'package_show', { id: `dataset-${((at * 7) % 5000).toString(36)}` })))
  return times
}

/** Two callers that search for one common word after the other. */
async function searchUntil(hub: Hub, isOver: () => boolean): Promise<number> {
  const words = classes['common'] as readonly string[]
  let searches = 0
  const caller = async () => {
    while (!isOver()) await post(hub, 'package_search', { q: words[searches++ % words.length], 'facet.field': facets, rows: 20 })
  }
  await Promise.all([caller(), caller()])
  return searches
}

/** MB that a process holds for itself; pages of files are not in it. */
async function anonymousMemory(pid: number | undefined): Promise<number> {
  const found = /RssAnon:\s+(\d+) kB/.exec(await readFile(`/proc/${pid}/status`, 'utf8').catch(() => ''))
  return Math.round(Number(found?.[1] ?? 0) / 1024)
}
