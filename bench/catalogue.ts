import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { fastify } from 'fastify'
import { callers, compare, type Figure, median, report, type Slice } from './measure.ts'
import { CpuMeter, type Server, startHub, startServer, Wire, Wires } from './wire.ts'

/** The API key of the sysadmin of every measured hub. */
export const key = 'bench-sysadmin-key-0001'
const count = 1000
const connections = 16
const showPath = '/api/3/action/package_show'

/** Showing, making and searching packages over HTTP: the hub in a process of its own beside a bare Fastify route in another. */
export async function catalogueBench(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-'))
  const environment = { MILLRACE_DATA_DIR: folder, PORT: '0', LOG_LEVEL: 'warn', MILLRACE_ADMIN_API_KEY: key, DATABASE_URL: '' }
  const hub = await startHub(environment)
  try {
    await compareWrites(hub, folder)
    const answers = await readAnswers(hub)
    const file = join(folder, 'answers.json')
    await writeFile(file, JSON.stringify(answers))
    const bare = await startServer([fileURLToPath(import.meta.url), 'bare', file], {})
    try {
      await compareShow(bare, hub, answers)
    } finally {
      bare.child.kill()
    }
    await searchLine(hub)
  } finally {
    hub.child.kill()
    await rm(folder, { recursive: true })
  }
}

export const words =
  'river level water air quality street tree census school budget energy traffic noise forest soil map survey annual monthly open'.split(' ')

/** A package of the size that catalogues have: about 2 KB of answer. */
export function newPackage(at: number) {
  const some = (length: number) => Array.from({ length }, (_, index) => words[(at * 7 + index * (3 + (at % 5))) % words.length]).join(' ')
  return {
    name: `bench-${at}`,
    title: some(6),
    notes: some(60),
    author: some(2),
    license_id: 'cc-by',
    tags: [...new Set([`tag-${at % 50}`, `tag-${at % 77}`, 'all'])],
    extras: [{ key: 'year', value: String(1990 + (at % 30)) }],
    resources: [{ url: `http://data.example/${at}.csv`, format: 'CSV', name: some(2) }],
  }
}

/** Making and changing packages, each an acknowledged commit, beside plain inserts that are commits of their own. */
async function compareWrites(hub: Server, folder: string): Promise<void> {
  const bare = insertSlice(join(folder, 'bare.db'))
  let made = 0
  const create = actionSlice(hub, 'package_create', () => newPackage(made++))
  report(await compare('package_create over HTTP, 16 callers', '0.2', { reference: bare.slice, own: create, rounds: 4, sliceMs: 700 }))
  while (made < count) await create(200)
  let changed = 0
  const update = actionSlice(hub, 'package_update', () => ({
    ...newPackage(changed % made),
    id: `bench-${changed % made}`,
    version: String(changed++),
  }))
  report(await compare('package_update over HTTP, 16 callers', '0.2', { reference: bare.slice, own: update, rounds: 3, sliceMs: 700 }))
  bare.close()
}

/** Rows of about 300 bytes, one commit each, full sync. */
function insertSlice(path: string): { slice: Slice; close: () => void } {
  const database = new DatabaseSync(path)
  database.exec('pragma journal_mode = wal; pragma synchronous = full; create table row (no integer primary key, text text) strict')
  const insert = database.prepare('insert into row (text) values (?)')
  const text = 'x'.repeat(300)
  const slice: Slice = async (ms) => {
    const end = performance.now() + ms
    let units = 0
    for (; performance.now() < end; units++) insert.run(text)
    return units
  }
  return { slice, close: () => database.close() }
}

/** Calls an action by 16 callers at once, and checks that each call succeeds. */
export function actionSlice(hub: Server, name: string, body: () => object): Slice {
  return async (ms) => {
    const wires = new Wires(connections, hub.port, key)
    const units = await callers(connections, async () => {
      const answer = (await wires.use((wire) => wire.post(`/api/3/action/${name}`, JSON.stringify(body())))).toString()
      if (!answer.includes('"success":true')) throw new Error(answer)
    })(ms)
    wires.close()
    return units
  }
}

async function readAnswers(hub: Server): Promise<Record<string, string>> {
  const wire = new Wire(hub.port)
  const answers: Record<string, string> = {}
  for (let at = 0; at < count; at++) {
    const name = `bench-${at}`
    answers[name] = (await wire.post(showPath, JSON.stringify({ id: name }))).toString()
  }
  wire.close()
  return answers
}

/** Reads one package after the other, and checks every answer. */
function showSlice(server: Server, answers: Readonly<Record<string, string>>): Slice & { close: () => void } {
  const names = Object.keys(answers)
  const wires = new Wires(connections, server.port)
  let at = 0
  const slice = callers(connections, async () => {
    const name = names[at++ % names.length] as string
    const body = await wires.use((wire) => wire.post(showPath, `{"id":"${name}"}`))
    if (body.length !== Buffer.byteLength(answers[name] as string)) throw new Error(`another answer for ${name}: ${body}`)
  })
  return Object.assign(slice, { close: () => wires.close() })
}

async function compareShow(bare: Server, hub: Server, answers: Readonly<Record<string, string>>): Promise<void> {
  const reference = showSlice(bare, answers)
  const own = showSlice(hub, answers)
  const [bareCpu, hubCpu] = [new CpuMeter(bare, reference), new CpuMeter(hub, own)]
  const figure: Figure = await compare('package_show over HTTP, 16 callers', '0.6', { reference: bareCpu.slice, own: hubCpu.slice, rounds: 7 })
  report(figure)
  const [theirs, ours] = [bareCpu.perRequest(), hubCpu.perRequest()]
  console.log(
    `${'CPU of one package_show, µs'.padEnd(56)} reference ${theirs.toFixed(1).padStart(10)}    own ${ours.toFixed(1).padStart(10)}    ratio ${(theirs / ours).toFixed(2).padStart(6)}`,
  )
  reference.close()
  own.close()
}

async function searchLine(hub: Server): Promise<void> {
  const wire = new Wire(hub.port)
  const times: number[] = []
  for (let at = 0; at < 60; at++) {
    const from = performance.now()
    const body = JSON.stringify({ q: words[at % words.length], facet_by: ['tags', 'license_id', 'year'] })
    const answer = (await wire.post('/api/3/action/package_search', body)).toString()
    if (!answer.includes('"count"')) throw new Error(answer)
    times.push(performance.now() - from)
  }
  wire.close()
  console.log(`${`package_search, 3 facets, ${count} packages, p50 in ms`.padEnd(56)} own ${median(times).toFixed(1)}`)
}

/** The reference: one POST route with prepared answers. */
async function bareServer(file: string): Promise<void> {
  const answers = new Map<string, string>(Object.entries(JSON.parse(await readFile(file, 'utf8'))))
  const app = fastify({ logger: false })
  app.post<{ Body: { id: string } }>(showPath, (request, reply) => reply.type('application/json;charset=utf-8').send(answers.get(request.body.id)))
  await app.listen({ port: 0, host: '127.0.0.1' })
  const address = app.server.address()
  console.log(`listens on http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`)
}

if (process.argv[2] === 'bare') await bareServer(process.argv[3] ?? '')
