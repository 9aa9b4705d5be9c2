import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { makeDatabase } from '../test/store.ts'
import { benchLegs } from './databases.ts'
import { formats, numbersFrom, Words } from './generated-catalogue.ts'
import { startHub, Wires } from './wire.ts'

const key = 'bench-sysadmin-key-0001'
const callers = 16

/** A whole catalogue loaded by `package_create` over HTTP: is the last tenth as quick as the first, and how far from bare inserts. */
export async function loadBench(count = 20_000): Promise<void> {
  for (const leg of await benchLegs()) {
    const [database, folder] = [await makeDatabase(leg), await mkdtemp(join(tmpdir(), 'millrace-bench-'))]
    const environment = { MILLRACE_DATA_DIR: folder, PORT: '0', LOG_LEVEL: 'warn', MILLRACE_ADMIN_API_KEY: key, DATABASE_URL: database.url }
    const hub = await startHub(environment)
    try {
      await loadLines(leg, hub.port, { count, folder })
    } finally {
      hub.child.kill()
      await rm(folder, { recursive: true })
      await database.drop()
    }
  }
}

async function loadLines(leg: string, port: number, { count, folder }: { count: number; folder: string }): Promise<void> {
  const wires = new Wires(callers, port, key)
  const make = packages()
  const tenth = Math.ceil(count / 10)
  // Bare inserts beside the first tenth and beside the last one: a disk that others slow down slows both sides.
  const tenths: { rate: number; bare: number }[] = []
  for (let from = 0; from < count; from += tenth) {
    const bare = bareInserts(join(folder, `bare-${from}.db`))
    const began = performance.now()
    let left = Math.min(tenth, count - from)
    const caller = async () => {
      while (left-- > 0) {
        const answer = (await wires.use((wire) => wire.post('/api/3/action/package_create', JSON.stringify(make())))).toString()
        if (!answer.includes('"success":true')) throw new Error(answer)
      }
    }
    await Promise.all(Array.from({ length: callers }, caller))
    tenths.push({ rate: (tenth / (performance.now() - began)) * 1000, bare })
  }
  wires.close()
  const [first, last] = [tenths[0], tenths.at(-1)]
  if (!first || !last) return
  const rate = (value: number) => `${Math.round(value).toLocaleString('en')}/s`
  const name = `${leg}: ${count.toLocaleString('en')} packages made over HTTP, first and last tenth`
  console.log(
    `${name.padEnd(56)} ${rate(first.rate)} and ${rate(last.rate)}, bare inserts ${rate(first.bare)} and ${rate(last.bare)}  ratio ${(last.rate / first.rate).toFixed(2)}  (aim >= 0.8)`,
  )
}

/** Single durable inserts of 300 bytes in a second, measured for a third of one. */
function bareInserts(path: string): number {
  const database = new DatabaseSync(path)
  database.exec('pragma journal_mode = wal; pragma synchronous = full; create table row (no integer primary key, text text) strict')
  const insert = database.prepare('insert into row (text) values (?)')
  const from = performance.now()
  let rows = 0
  for (; performance.now() < from + 333; rows++) insert.run('x'.repeat(300))
  database.close()
  return (rows / (performance.now() - from)) * 1000
}

/** Packages of realistic size: title of 6 words, notes of 60, up to 3 tags, 1 to 5 resources, a licence, an extra. */
function packages(): () => object {
  const random = numbersFrom(7)
  const words = new Words(random)
  const some = (most: number) => Math.floor(random() * most)
  let made = 0
  return () => ({
    name: `package-${made++}`,
    title: words.text(6),
    notes: words.text(60),
    author: words.text(2),
    license_id: ['cc-by', 'cc-zero', 'odc-pddl', 'notspecified'][some(4)],
    tags: [...new Set(Array.from({ length: some(4) }, () => `tag-${some(5000)}`))],
    extras: [{ key: 'year', value: String(1990 + some(30)) }],
    resources: Array.from({ length: 1 + some(5) }, (_, at) => ({
      url: `http://data.example/${made}/${at}`,
      format: formats[some(formats.length)],
      name: words.text(3),
    })),
  })
}
