import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type ServedFolder, serveFolder } from '../scripts/file-server.ts'
import { key } from './catalogue.ts'
import { type Checkout, checkOut } from './checkout.ts'
import { type BenchLeg, benchLegs, emptyDatabase } from './databases.ts'
import { type Rows, writeRows } from './flow.ts'
import { fillCatalogue, type HubLine, hubLines } from './hub-lines.ts'
import { median, quantile, type Slice, takeTurns } from './measure.ts'
import { type Server, startHub } from './wire.ts'

const root = dirname(import.meta.dirname)
const rounds = 9
/** A line is worse if the ratio is below this in three quarters of the rounds. */
const minUpperQuartile = 0.95
const slots = 16

/** The names that `--against` takes, and what each compares. */
export const comparedBenches = ['start', 'catalogue', 'search', 'service', 'flow'] as const
type Compared = (typeof comparedBenches)[number]

/**
 * Compares this tree with another commit: both hubs run at once and are measured in alternating slices, so that other load on the machine affects both.
 * Prints for each line the median of the rounds' ratios (this tree to the commit, above 1 is faster), its quartiles and the load of the machine.
 * Returns whether no line is worse.
 */
export async function compareAgainst(commit: string, names: readonly string[]): Promise<boolean> {
  const chosen = comparedBenches.filter((name) => names.length === 0 || names.includes(name))
  const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-'))
  const checkout = await checkOut(commit)
  console.log(`this tree against ${checkout.title}`)
  try {
    const rows = await writeRows(join(folder, 'rows.csv'), 20_000)
    const served = await serveFolder(folder)
    const verdicts: boolean[] = []
    try {
      for (const leg of await benchLegs()) verdicts.push(...(await compareOn({ leg, checkout, served, rows, chosen })))
    } finally {
      await served.close()
    }
    return verdicts.every(Boolean)
  } finally {
    await checkout.remove()
    await rm(folder, { recursive: true })
  }
}

interface Comparison {
  readonly leg: BenchLeg
  readonly checkout: Checkout
  readonly served: ServedFolder
  readonly rows: Rows
  readonly chosen: readonly Compared[]
}

async function compareOn({ leg, checkout, served, rows, chosen }: Comparison): Promise<boolean[]> {
  const [own, theirs] = [await HubPlace.make(leg, root), await HubPlace.make(leg, checkout.folder)]
  const verdicts: boolean[] = []
  try {
    const lines = hubLines(served, rows).filter((line) => chosen.includes(line.bench))
    if (lines.length > 0) verdicts.push(...(await compareHubs(leg, lines, [own, theirs])))
    if (chosen.includes('start')) {
      verdicts.push(await compareLine(`${leg}: start to first answer`, { own: own.startSlice(), reference: theirs.startSlice(), sliceMs: 1 }))
    }
  } finally {
    await own.remove()
    await theirs.remove()
  }
  return verdicts
}

async function compareHubs(leg: BenchLeg, lines: readonly HubLine[], places: readonly [HubPlace, HubPlace]): Promise<boolean[]> {
  const hubs: Server[] = []
  const verdicts: boolean[] = []
  try {
    for (const place of places) hubs.push(await place.start())
    const [own, theirs] = hubs as [Server, Server]
    if (lines.some(({ bench }) => bench === 'catalogue' || bench === 'search')) for (const hub of hubs) await fillCatalogue(hub)
    for (const { name, slice, sliceMs } of lines) {
      const sides = { own: await slice(own), reference: await slice(theirs), ...(sliceMs !== undefined && { sliceMs }) }
      verdicts.push(await compareLine(`${leg}: ${name}`, sides))
    }
  } finally {
    for (const hub of hubs) await stop(hub)
  }
  return verdicts
}

/** Measures and prints one line; returns whether it is not worse. */
async function compareLine(name: string, sides: { own: Slice; reference: Slice; sliceMs?: number }): Promise<boolean> {
  const before = await cpuTimes()
  const pairs = await takeTurns({ ...sides, rounds })
  const after = await cpuTimes()
  const ratios = pairs.map(([theirs, ours]) => ours / theirs)
  const [lower, upper] = [quantile(ratios, 0.25), quantile(ratios, 0.75)]
  const isWorse = upper < minUpperQuartile
  const stolen = (100 * (after.steal - before.steal)) / Math.max(1, after.all - before.all)
  const figures = `ratio ${median(ratios).toFixed(2)}  quartiles ${lower.toFixed(2)} to ${upper.toFixed(2)}`
  const rates = `own ${rateText(pairs.map(([, ours]) => ours))}  theirs ${rateText(pairs.map(([theirs]) => theirs))}`
  console.log(`${name.padEnd(64)} ${figures}  ${rates}  load ${loadavg()[0]?.toFixed(1)}, steal ${stolen.toFixed(0)} %${isWorse ? '  WORSE' : ''}`)
  return !isWorse
}

const rateText = (rates: readonly number[]) => `${median(rates).toLocaleString('en', { maximumSignificantDigits: 4 })}/s`

/** Hundredths of a second since the machine started: all processors together, and the time that the host took away. */
async function cpuTimes(): Promise<{ all: number; steal: number }> {
  const fields = (await readFile('/proc/stat', 'utf8').catch(() => '')).split('\n')[0]?.trim().split(/\s+/).slice(1, 9).map(Number) ?? []
  return { all: fields.reduce((sum, one) => sum + one, 0), steal: fields[7] ?? 0 }
}

/** A data folder and a database for the hub of one checkout. */
class HubPlace {
  readonly #folder: string
  readonly #environment: Readonly<Record<string, string>>
  readonly remove: () => Promise<void>

  constructor(folder: string, environment: Readonly<Record<string, string>>, remove: () => Promise<void>) {
    this.#folder = folder
    this.#environment = environment
    this.remove = remove
  }

  static async make(leg: BenchLeg, folder: string): Promise<HubPlace> {
    const [database, data] = [await emptyDatabase(leg), await mkdtemp(join(tmpdir(), 'millrace-bench-'))]
    const environment = {
      MILLRACE_DATA_DIR: data,
      PORT: '0',
      LOG_LEVEL: 'warn',
      MILLRACE_ADMIN_API_KEY: key,
      DATABASE_URL: database.url,
      MILLRACE_CONCURRENCY: String(slots),
    }
    const remove = async () => {
      await database.drop()
      await rm(data, { recursive: true })
    }
    return new HubPlace(folder, environment, remove)
  }

  start(): Promise<Server> {
    return startHub(this.#environment, this.#folder)
  }

  /** Each unit is a start, to the first answer of `/health`. */
  startSlice(): Slice {
    return async () => {
      const hub = await this.start()
      const answer = await fetch(`http://127.0.0.1:${hub.port}/health`)
      if (!answer.ok) throw new Error(`/health answered ${answer.status}`)
      await stop(hub)
      return 1
    }
  }
}

async function stop({ child }: Server): Promise<void> {
  child.removeAllListeners('exit')
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  await ended
}
