import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createReadStream, createWriteStream, type WriteStream } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createDeflateRaw } from 'node:zlib'
import { runPipeline } from '../src/flows/pipelines/run.ts'
import type { PipelineResult, PipelineTask, TaskSource } from '../src/flows/pipelines/task.ts'
import { compare, report, type Slice } from './measure.ts'

const childArgument = 'run-pipelines'
const slots = 2
const types = ['integer', 'string', 'string', 'number', 'integer', 'boolean', 'date', 'string']
const names = ['id', 'name', 'category', 'price', 'quantity', 'active', 'created', 'note']
export const schema = { fields: names.map((name, index) => ({ name, type: types[index] ?? 'string' })) }

/** Reading with casting beside plain scanning; a whole flow beside one pass of plain code; the flow of a million rows in child processes. */
export async function flowBench(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-'))
  try {
    const small = await writeRows(join(folder, 'small.csv'), 100_000)
    report(
      await compare('rows read, cast and checked', '0.25 now, 0.5 later', {
        reference: rowSlice(() => scanPlainly(small)),
        own: rowSlice(() => checkOnly(small)),
      }),
    )
    const sides = { reference: rowSlice(() => singlePass(small, folder)), own: rowSlice(() => flowInOneProcess(small)), rounds: 3, sliceMs: 1500 }
    report(await compare('rows through all seven pipelines, one process', '0.4', sides))
    await millionRows(await writeRows(join(folder, 'large.csv'), 1_000_000), folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** A file and how many rows it has. */
export interface Rows {
  readonly path: string
  readonly count: number
}

/** Eight columns, about 65 bytes a row; each tenth row has a quoted value with a comma and doubled quotes. */
export async function writeRows(path: string, count: number): Promise<Rows> {
  const out = createWriteStream(path)
  await put(out, `${names.join(',')}\n`)
  let seed = 1
  const random = (below: number) => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff
    return seed % below
  }
  let text = ''
  for (let id = 0; id < count; id++) {
    const day = new Date(Date.UTC(2015, 0, 1 + random(3650))).toISOString().slice(0, 10)
    const note = id % 10 === 0 ? `"said ""hi"", row ${id}"` : `plain ${id}`
    const price = (random(100_000) / 100).toFixed(2)
    text += `${id},name ${random(1e6)},cat${id % 20},${price},${random(500)},${id % 3 === 0 ? 'false' : 'true'},${day},${note}\n`
    if (id % 10_000 === 9_999 || id === count - 1) {
      await put(out, text)
      text = ''
    }
  }
  await close(out)
  return { path, count }
}

async function put(out: WriteStream, text: string | Buffer): Promise<void> {
  if (!out.write(text)) await once(out, 'drain')
}

async function close(out: WriteStream): Promise<void> {
  out.end()
  await once(out, 'finish')
}

/** Repeats work on a number of rows for a while. */
function rowSlice(work: () => Promise<number>): Slice {
  return async (ms) => {
    const end = performance.now() + ms
    let rows = 0
    while (rows === 0 || performance.now() < end) rows += await work()
    return rows
  }
}

/** Plain code for exactly this file: no line breaks in quotes, one encoding, one line end. */
async function* plainRows(path: string): AsyncGenerator<string[][]> {
  let rest = ''
  for await (const piece of createReadStream(path, { highWaterMark: 256 * 1024, encoding: 'latin1' })) {
    const lines = (rest + piece).split('\n')
    rest = lines.pop() ?? ''
    yield lines.map(plainRow)
  }
}

function plainRow(line: string): string[] {
  if (!line.includes('"')) return line.split(',')
  const open = line.indexOf('"')
  return [...line.slice(0, open - 1).split(','), line.slice(open + 1, -1).replaceAll('""', '"')]
}

async function scanPlainly({ path, count }: Rows): Promise<number> {
  let rows = -1
  for await (const batch of plainRows(path)) rows += batch.length
  return check(rows, count)
}

function check(found: number, wanted: number): number {
  if (found !== wanted) throw new Error(`${found} rows where ${wanted} were expected`)
  return found
}

/** Everything in one loop and one process: parse, cast, CSV, JSON, deflated CSV. */
async function singlePass({ path, count }: Rows, folder: string): Promise<number> {
  const [csv, json, zip] = ['plain.csv', 'plain.json', 'plain.deflate'].map((name) => createWriteStream(join(folder, name))) as [
    WriteStream,
    WriteStream,
    WriteStream,
  ]
  const deflate = createDeflateRaw({ level: 6 })
  deflate.pipe(zip)
  let rows = -1
  for await (const batch of plainRows(path)) {
    let [csvText, jsonText] = ['', '']
    for (const row of batch) {
      if (++rows === 0) continue
      const values = row.map(castPlainly)
      csvText += `${row.map((cell) => (cell.includes('"') || cell.includes(',') ? `"${cell.replaceAll('"', '""')}"` : cell)).join(',')}\r\n`
      jsonText += `${JSON.stringify(Object.fromEntries(names.map((name, index) => [name, values[index]])))},\n`
    }
    await Promise.all([put(csv, csvText), put(json, jsonText), deflate.write(csvText) || once(deflate, 'drain')])
  }
  deflate.end()
  await Promise.all([close(csv), close(json), once(zip, 'finish')])
  return check(rows, count)
}

function castPlainly(cell: string, index: number): unknown {
  const type = types[index]
  if (type === 'integer' || type === 'number') {
    const value = Number(cell)
    if (Number.isNaN(value)) throw new Error(`${cell} is no number`)
    return value
  }
  if (type === 'boolean') return cell === 'true'
  if (type === 'date' && !/^\d{4}-\d{2}-\d{2}$/.test(cell)) throw new Error(`${cell} is no date`)
  return cell
}

const sourceOf = (localPath: string): TaskSource => ({
  name: 'rows',
  resource: { name: 'rows', path: 'archive/rows.csv', format: 'csv', encoding: 'utf-8', schema },
  localPath,
  file: 'rows.csv',
  isTabular: true,
})

type Planned = Pick<PipelineTask, 'kind' | 'artifact'> & { readonly needs: readonly string[]; readonly reads: boolean }

/** The plan of one table. */
const plan: readonly Planned[] = [
  { kind: 'report', artifact: 'validation_report', needs: [], reads: true },
  { kind: 'csv', artifact: 'rows_csv', needs: [], reads: true },
  { kind: 'json', artifact: 'rows_json', needs: [], reads: true },
  { kind: 'zip', artifact: 'rows_zip', needs: ['validation_report', 'rows_csv', 'rows_json'], reads: true },
  { kind: 'preview', artifact: 'rows_csv_preview', needs: ['rows_csv'], reads: false },
  { kind: 'copy', artifact: 'rows', needs: [], reads: true },
  { kind: 'package', artifact: 'bench', needs: ['validation_report', 'rows_csv', 'rows_json', 'rows_zip', 'rows_csv_preview', 'rows'], reads: false },
]

async function taskOf(
  { kind, artifact, needs, reads }: Planned,
  { path, folder, done }: { path: string; folder: string; done: ReadonlyMap<string, PipelineResult> },
): Promise<PipelineTask> {
  const outDir = join(folder, artifact)
  await mkdir(outDir)
  const meta = { ownerid: 'me', findability: 'published', created: '2024-01-01T00:00:00Z', modified: '2024-01-01T00:00:00Z' } as const
  const results = needs.flatMap((need) => done.get(need) ?? [])
  return {
    kind,
    artifact,
    outDir,
    flowId: 'me/bench/1',
    datasetId: 'me/bench',
    descriptor: { name: 'bench' },
    meta,
    sources: reads ? [sourceOf(path)] : [],
    results,
  }
}

async function checkOnly({ path, count }: Rows): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-'))
  const [first] = plan
  if (!first) throw new Error('the plan is empty')
  const result = await runPipeline(await taskOf(first, { path, folder, done: new Map() }), { progress: () => undefined, log: () => undefined })
  const [found] = JSON.parse(await readFile(result.files[0]?.localPath ?? '', 'utf8'))
  await rm(folder, { recursive: true })
  if (!found.valid) throw new Error('the report finds faults')
  return check(found.tables[0]['row-count'], count)
}

async function flowInOneProcess({ path, count }: Rows): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-'))
  const done = new Map<string, PipelineResult>()
  for (const planned of plan)
    done.set(planned.artifact, await runPipeline(await taskOf(planned, { path, folder, done }), { progress: () => undefined, log: () => undefined }))
  await rm(folder, { recursive: true })
  return check(done.get('bench')?.stats.count_of_rows ?? 0, count)
}

interface Told {
  readonly result: PipelineResult
  readonly seconds: number
  readonly residentMiB: number
}

/** Two child processes run pipelines as soon as their inputs exist. */
async function millionRows({ path, count }: Rows, folder: string): Promise<void> {
  const size = (await stat(path)).size / 2 ** 20
  const from = performance.now()
  await singlePass({ path, count }, folder)
  const reference = (performance.now() - from) / 1000
  const told = await runInChildren(path, folder)
  const own = told.seconds
  console.log(
    `${count.toLocaleString('en')} rows, ${size.toFixed(0)} MiB, two child processes, s`.padEnd(56),
    `reference ${reference.toFixed(1)}  own ${own.toFixed(1)}  ratio ${(own / reference).toFixed(2)}  (aim 30 s)`,
  )
  for (const { result, seconds, residentMiB } of told.all)
    console.log(`  ${result.kind.padEnd(10)} ${seconds.toFixed(2).padStart(6)} s  child's peak ${residentMiB.toFixed(0).padStart(4)} MiB  (aim 350)`)
}

async function runInChildren(path: string, folder: string): Promise<{ seconds: number; all: Told[] }> {
  const idle = Array.from({ length: slots }, () => fork(fileURLToPath(import.meta.url), [childArgument], { serialization: 'advanced' }))
  const children = [...idle]
  const waiting = [...plan]
  const done = new Map<string, PipelineResult>()
  const all: Told[] = []
  const from = performance.now()
  const runNext = async (): Promise<void> => {
    const next = waiting.findIndex((planned) => planned.needs.every((need) => done.has(need)))
    const child = next < 0 ? undefined : idle.pop()
    const planned = child && waiting.splice(next, 1)[0]
    if (!planned) return
    const other = runNext()
    child.send(await taskOf(planned, { path, folder, done }))
    const [told]: Told[] = await once(child, 'message')
    if (!told) throw new Error('a child process sent no result')
    all.push(told)
    done.set(planned.artifact, told.result)
    idle.push(child)
    await Promise.all([other, runNext(), runNext()])
  }
  await runNext()
  const seconds = (performance.now() - from) / 1000
  for (const child of children) child.kill()
  check(done.get('bench')?.stats.count_of_rows ?? 0, 1_000_000)
  return { seconds, all }
}

if (process.argv[2] === childArgument) {
  process.on('message', async (task: PipelineTask) => {
    const from = performance.now()
    const result = await runPipeline(task, { progress: () => undefined, log: () => undefined })
    process.send?.({ result, seconds: (performance.now() - from) / 1000, residentMiB: process.resourceUsage().maxRSS / 1024 })
  })
}
