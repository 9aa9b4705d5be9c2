import { parseArgs } from 'node:util'

/** Every benchmark by name; each prints its own lines and ends by itself. */
const benches: Readonly<Record<string, () => Promise<void>>> = {
  start: async () => (await import('./start.ts')).startBench(),
  store: async () => (await import('./store.ts')).storeBench(),
  jobs: async () => (await import('./jobs.ts')).jobsBench(),
  flow: async () => (await import('./flow.ts')).flowBench(),
}

const { positionals } = parseArgs({ allowPositionals: true })
const unknown = positionals.filter((name) => !Object.hasOwn(benches, name))
if (unknown.length > 0) {
  console.error(`no benchmark ${unknown.join(', ')}; there are ${Object.keys(benches).join(', ')}`)
  process.exit(1)
}
for (const [name, run] of Object.entries(benches)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue
  console.log(`\n${name}`)
  await run()
}
