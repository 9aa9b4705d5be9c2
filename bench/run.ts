import { parseArgs } from 'node:util'

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
}

// --datasets N: size of the catalogue, for those that take one.
const { positionals, values } = parseArgs({ allowPositionals: true, options: { datasets: { type: 'string' } } })
const unknown = positionals.filter((name) => !Object.hasOwn(benches, name))
if (unknown.length > 0) {
  console.error(`no benchmark ${unknown.join(', ')}; there are ${Object.keys(benches).join(', ')}`)
  process.exit(1)
}
for (const [name, run] of Object.entries(benches)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue
  console.log(`\n${name}`)
  await run(values.datasets === undefined ? undefined : Number(values.datasets))
}
