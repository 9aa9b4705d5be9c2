// npm test [-- part-of-a-path…] [--leg sqlite|postgres|postgres-icu] [--again], npm run test:long
// --again, for shared machines: a file that fails runs once more, alone, after all others, and is reported as unsteady if it passes then.
import { mkdirSync, rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { run } from 'node:test'
import { inspect, parseArgs } from 'node:util'
import { settings } from '../src/config.ts'
import { lostPromises, marksFolder } from './promises/page.ts'
import { chooseFiles, listTestFiles, root, usesDatabase } from './test-files.ts'
import { dropLeftovers, testServer, whyNoServer } from './test-server.ts'

const legs = ['sqlite', 'postgres', 'postgres-icu'] as const
type Leg = (typeof legs)[number]
/** The third leg only differs in the order of texts, so it runs only when it is named. */
const defaultLegs: readonly string[] = ['sqlite', 'postgres'] satisfies Leg[]

interface Counts {
  passed: number
  failed: number
  skipped: number
}

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { long: { type: 'boolean', default: false }, again: { type: 'boolean', default: false }, leg: { type: 'string', multiple: true } },
})

/** The time limit of a test; a file may take ten times as long before it is killed. */
const testTimeout = options.long ? 15 * 60_000 : 60_000
const fileTimeout = options.long ? 40 * 60_000 : 5 * 60_000
/** One more than cores, since many files wait for processes, leases and callbacks. */
const lanes = availableParallelism() + 1
const total: Counts = { passed: 0, failed: 0, skipped: 0 }

/** The environment of the tests: without the settings of a hub in the developer's shell, and with a compile cache for all files. */
function environmentOf(leg: Leg, file: string) {
  const own = new Set<string>(Object.values(settings).map((one) => one.name))
  const kept = Object.entries(process.env).filter(([name]) => !own.has(name))
  const cache = join(root, 'node_modules/.cache/millrace')
  return {
    ...Object.fromEntries(kept),
    NODE_COMPILE_CACHE: cache,
    MILLRACE_TEST_LEG: leg,
    TEST_DATABASE_URL: testServer,
    MILLRACE_PROMISES: marksOf(leg, file),
  }
}

/** Where a file writes the promises that its tests hold. */
const marksOf = (leg: Leg, file: string) => join(marksFolder, leg, encodeURIComponent(file))

/** Runs one file and prints its result. The caller adds the counts. */
async function runFile(leg: Leg, file: string): Promise<Counts> {
  rmSync(marksOf(leg, file), { force: true })
  mkdirSync(join(marksFolder, leg), { recursive: true })
  const started = performance.now()
  const path = join(root, file)
  const stream = run({
    files: [path],
    cwd: root,
    env: environmentOf(leg, file),
    execArgv: [`--test-timeout=${testTimeout}`],
    signal: AbortSignal.timeout(fileTimeout),
  })
  const output: string[] = []
  const failures: string[] = []
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 }
  let isEmpty = false
  for await (const { type, data } of stream) {
    if (type === 'test:stdout' || type === 'test:stderr') output.push(data.message)
    if (type === 'test:fail' && !data.todo) failures.push(describeFailure(data.name, data.details.error))
    // The runner counts a file without tests as one passed test.
    isEmpty ||= type === 'test:pass' && data.name === path
    if (type === 'test:summary' && data.file === undefined) {
      counts.passed = data.counts.passed
      counts.failed = data.counts.failed + data.counts.cancelled
      counts.skipped = data.counts.skipped
    }
  }
  if (isEmpty) {
    Object.assign(counts, { passed: 0, failed: 1 })
    failures.push('  no test ran')
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1).padStart(6)
  const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''
  console.log(`${counts.failed > 0 ? 'FAIL' : 'ok  '} ${leg} ${seconds} s  ${file} (${counts.passed} passed${skipped})`)
  if (counts.failed > 0) console.log([...failures, ...output.map((text) => text.trimEnd())].join('\n'))
  return counts
}

function addCounts(counts: Counts): void {
  for (const key of ['passed', 'failed', 'skipped'] as const) total[key] += counts[key]
}

function describeFailure(name: string, error: Error): string {
  const { cause } = error
  const text = cause instanceof Error ? inspect(cause) : error.message
  return `  not so: ${name}\n${text.replaceAll(/^/gm, '    ')}`
}

interface Run {
  readonly leg: Leg
  readonly file: string
}

/** Runs several files at a time, of all legs, so that no leg waits for its longest file. */
async function runAll(runs: readonly Run[]): Promise<void> {
  const waiting = [...runs]
  const failed: Run[] = []
  const lane = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const counts = await runFile(next.leg, next.file)
      if (counts.failed > 0 && options.again) failed.push(next)
      else addCounts(counts)
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  for (const { leg, file } of failed) {
    const counts = await runFile(leg, file)
    if (counts.failed === 0) console.log(`unsteady ${leg} ${file}: failed beside others, passes alone`)
    addCounts(counts)
  }
}

/** The legs of this run: SQLite only if PostgreSQL does not answer, which is a failure if all legs are required. */
async function chooseLegs(): Promise<readonly Leg[]> {
  const wanted = legs.filter((leg) => (options.leg ?? defaultLegs).includes(leg))
  if (!wanted.some((leg) => leg !== 'sqlite')) return wanted
  const reason = await whyNoServer()
  if (reason === undefined) {
    await dropLeftovers()
    return wanted
  }
  if (process.env['CI'] === 'true') {
    total.failed++
    console.log(`FAIL PostgreSQL does not answer at TEST_DATABASE_URL: ${reason}`)
  } else {
    console.log(`skip PostgreSQL: set TEST_DATABASE_URL=postgres://USER:PASSWORD@HOST/DATABASE to test on it too (${reason})`)
  }
  return wanted.filter((leg) => leg === 'sqlite')
}

/** A promise that the page says is held, and no test held, is a failure. */
function checkPromises(): void {
  const lost = lostPromises()
  if (lost.length === 0) return
  total.failed++
  console.log(`FAIL promises that no test holds any more; hold them, or run npm run promises:\n  ${lost.join('\n  ')}`)
}

async function main(): Promise<void> {
  const files = chooseFiles(listTestFiles({ long: options.long }), positionals)
  const chosen = await chooseLegs()
  await runAll(chosen.flatMap((leg) => (leg === 'sqlite' ? files : files.filter(usesDatabase)).map((file) => ({ leg, file }))))
  if (positionals.length === 0 && !options.long && total.failed === 0) checkPromises()
  console.log(`${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`)
  process.exitCode = total.failed > 0 ? 1 : 0
}

await main().catch((error: Error) => {
  console.error(`npm test: ${error.message}`)
  process.exitCode = 1
})
