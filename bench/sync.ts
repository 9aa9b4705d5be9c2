import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CkanSyncClient, type SyncReport } from '../client/index.ts'
import { actionSlice, key, newPackage } from './catalogue.ts'
import { type Figure, median, report } from './measure.ts'
import { type Server, startHub, startServer } from './wire.ts'

const concurrency = 16
const pageSize = 100
const rounds = 3
const streamed = 100_000

const syncOptions = { apiKey: key, concurrency, pageSize }
const addressOf = (port: number) => `http://127.0.0.1:${port}`

/** The synchronization client beside what the hub does for a caller that needs nothing else, and its memory over a long stream. */
export async function syncBench(count = 20_000): Promise<void> {
  await withHub(async (bare) => withHub(async (hub) => firstLine(bare, hub, count)))
}

async function withHub(work: (hub: Server) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-'))
  const environment = { MILLRACE_DATA_DIR: folder, PORT: '0', LOG_LEVEL: 'warn', MILLRACE_ADMIN_API_KEY: key, DATABASE_URL: '' }
  const hub = await startHub(environment)
  try {
    await work(hub)
  } finally {
    hub.child.kill()
    await rm(folder, { recursive: true })
  }
}

/** A source of so many datasets of realistic size. */
function* source(count: number) {
  for (let at = 0; at < count; at++) yield { id: `https://x.example/d/${at}`, ...newPackage(at) }
}

/** A first run on an empty hub, between two slices of plain calls on another hub. */
async function firstLine(bare: Server, hub: Server, count: number): Promise<void> {
  let made = 0
  const create = actionSlice(bare, 'package_create', () => newPackage(made++))
  const client = new CkanSyncClient(addressOf(hub.port), syncOptions)
  await create(500)
  const before = await rateOf(create, 3000)
  const [own, ms] = await timed(() => client.sync('bench', { datasets: source(count) }))
  if (expectClean(own).created !== count) throw new Error(`not all was created: ${JSON.stringify(own.datasets)}`)
  const reference = (before + (await rateOf(create, 3000))) / 2
  const name = `first synchronization of ${count.toLocaleString('en')}, ${concurrency} at a time, to package_create`
  report(figureOf(name, '0.5', [[reference, (count / ms) * 1000]]))
  await secondLine(hub, client, count)
  await memoryLine(hub)
}

/** A run that finds everything as it is, beside fetching and parsing the pages that it reads. */
async function secondLine(hub: Server, client: CkanSyncClient, count: number): Promise<void> {
  const pairs: [number, number][] = []
  for (let round = 0; round < rounds; round++) {
    const [own, ms] = await timed(() => client.sync('bench', { datasets: source(count) }))
    if (expectClean(own).unchanged !== count) throw new Error(`not all is unchanged: ${JSON.stringify(own.datasets)}`)
    const [read, readMs] = await timed(() => fetchPages(hub))
    if (read !== count) throw new Error(`${read} datasets on the pages`)
    pairs.push([(count / readMs) * 1000, (count / ms) * 1000])
  }
  report(figureOf(`second run of ${count.toLocaleString('en')}, nothing to write, to reading the pages`, '0.5', pairs))
}

async function fetchPages({ port }: Server): Promise<number> {
  for (let start = 0; ; ) {
    const body = JSON.stringify({ sort: 'id asc', rows: pageSize, start, include_private: true, include_drafts: true })
    const headers = { authorization: key, 'content-type': 'application/json' }
    const answer = await fetch(`${addressOf(port)}/api/3/action/package_search`, { method: 'POST', headers, body })
    const { result } = JSON.parse(await answer.text())
    if (result.results.length === 0) return start
    start += result.results.length
  }
}

/** The resident memory of a process that streams many datasets, beside one that streams a tenth of them. A dry run, so that the hub's writes are not measured. */
async function memoryLine(hub: Server): Promise<void> {
  const [small, large] = [await peakOf(hub, streamed / 10), await peakOf(hub, streamed)]
  const name = `peak memory over a stream of ${streamed.toLocaleString('en')} datasets, and of a tenth`
  console.log(`${name.padEnd(56)} ${large} MB and ${small} MB  ratio ${(large / small).toFixed(2)}  (aim <= 1.3)`)
}

async function peakOf(hub: Server, count: number): Promise<number> {
  const { child, port } = await startServer([fileURLToPath(import.meta.url), addressOf(hub.port), String(count)], {})
  child.kill()
  // The program prints its peak where a server prints its port.
  return port
}

async function printPeak(url: string, count: number): Promise<void> {
  const client = new CkanSyncClient(url, { ...syncOptions, dryRun: true })
  const datasets = (async function* () {
    yield* source(count)
  })()
  const { created, unchanged } = expectClean(await client.sync('bench', { datasets }, { incremental: true }))
  if (created + unchanged !== count) throw new Error(`${created} and ${unchanged} of ${count}`)
  console.log(`listens on http://peak:${Math.round(process.resourceUsage().maxRSS / 1024)}`)
}

function expectClean(done: SyncReport): SyncReport['datasets'] {
  if (done.status !== 'complete') throw new Error(JSON.stringify(done.errors[0]))
  return done.datasets
}

async function timed<T>(work: () => Promise<T>): Promise<[T, number]> {
  const from = performance.now()
  const result = await work()
  return [result, performance.now() - from]
}

async function rateOf(slice: (ms: number) => Promise<number>, ms: number): Promise<number> {
  const [units, took] = await timed(() => slice(ms))
  return (units / took) * 1000
}

function figureOf(name: string, aim: string, pairs: readonly [number, number][]): Figure {
  return {
    name,
    aim,
    reference: median(pairs.map(([theirs]) => theirs)),
    own: median(pairs.map(([, ours]) => ours)),
    ratio: median(pairs.map(([theirs, ours]) => ours / theirs)),
  }
}

const [, path, url, count] = process.argv
if (path === fileURLToPath(import.meta.url) && url && count) await printPeak(url, Number(count))
