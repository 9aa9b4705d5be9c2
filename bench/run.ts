import { parseArgs } from 'node:util'
import { compareAgainst, comparedBenches } from './against.ts'

/** Every benchmark by name; each prints its own lines and ends by itself. */
const benches: Readonly<Record<string, (datasets?: number) => Promise<void>>> = {
  start: async () => (await import('./start.ts')).startBench(),
  store: async () => (await import('./store.ts')).storeBench(),
  jobs: async () => (await import('./jobs.ts')).jobsBench(),
  service: async () => (await import('./service.ts')).serviceBench(),
  catalogue: async () => (await import('./catalogue.ts')).catalogueBench(),
  load: async (datasets) => (await import('./load.ts')).loadBench(datasets),
  search: async (datasets) => (await import('./search.ts')).searchBench(datasets),
  flow: async () => (await import('./flow.ts')).flowBench(),
  sync: async (datasets) => (await import('./sync.ts')).syncBench(datasets),
}

// --datasets N: size of the catalogue, for those that take one. --against COMMIT: this tree beside another commit, in turns.
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { datasets: { type: 'string' }, against: { type: 'string' } },
})
const known = values.against === undefined ? Object.keys(benches) : comparedBenches
const unknown = positionals.filter((name) => !known.some((one) => one === name))
if (unknown.length > 0) {
  console.error(`no benchmark ${unknown.join(', ')}; there are ${known.join(', ')}`)
  process.exit(1)
}
if (values.against === undefined) await runBenches()
else if (!(await compareAgainst(values.against, positionals))) process.exitCode = 1

async function runBenches(): Promise<void> {
  for (const [name, run] of Object.entries(benches)) {
    if (positionals.length > 0 && !positionals.includes(name)) continue
    console.log(`\n${name}`)
    await run(values.datasets === undefined ? undefined : Number(values.datasets))
  }
}
