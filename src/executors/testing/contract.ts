import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import type {
  AbortReason,
  Attempt,
  AttemptEvents,
  AttemptOf,
  AttemptResult,
  Executor,
  JsonSource,
  Program,
  ProgramKind,
} from '../../jobs/executor.ts'
import type { LogEntry } from '../../jobs/job.ts'
import { isGone } from '../../jobs/testing/process.ts'

/** What the contract runs: programs of the executor's kind. `data` is the job's. */
export interface ContractPrograms<K extends ProgramKind> {
  /** Returns twice the number `data`. */
  readonly doubles: ProgramOf<K>
  readonly returnsNothing: ProgramOf<K>
  /** Fails and says `serious exception`. */
  readonly fails: ProgramOf<K>
  /** Writes `data` lines to its log: `line 1`, `line 2` … */
  readonly logs: ProgramOf<K>
  /** Returns a text of `data` letters. */
  readonly returnsText: ProgramOf<K>
  /** Writes its process id into the file that `data` names, and runs until it is asked to end. */
  readonly endsWhenAsked: ProgramOf<K>
  /** The same, and does not end when it is asked to. */
  readonly neverEnds: ProgramOf<K>
  /** A program that is not there. */
  readonly missing: ProgramOf<K>
}

type ProgramOf<K extends ProgramKind> = Extract<Program, { readonly kind: K }>

/** An executor that is tested. `make` gives it a grace time that tests have the patience for. */
export interface ContractCase<K extends ProgramKind> {
  readonly name: string
  readonly programs: ContractPrograms<K>
  make(): Executor<K>
}

/** Tests what every executor promises: see `Executor`. */
export function testContract<K extends ProgramKind>(tested: ContractCase<K>): void {
  testResults(tested)
  testAborts(tested)
  testClose(tested)
}

interface Scene<K extends ProgramKind> {
  readonly executor: Executor<K>
  readonly folder: string
  readonly lines: string[]
  run(program: ProgramOf<K>, data?: JsonSource | null, signal?: AbortSignal): Promise<AttemptResult>
}

/** A test with an executor and a folder of its own. */
function testWith<K extends ProgramKind>({ name, make }: ContractCase<K>, what: string, check: (scene: Scene<K>) => Promise<void>): void {
  test(`${name} executor: ${what}`, { timeout: 60_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-executor-'))
    const executor = make()
    const lines: string[] = []
    let count = 0
    const run: Scene<K>['run'] = (program, data = null, signal = new AbortController().signal) =>
      executor.run(attemptOf(program, join(folder, `attempt-${++count}`), data), eventsInto(lines), signal)
    try {
      await check({ executor, folder, lines, run })
    } finally {
      await executor.close()
      await rm(folder, { recursive: true, force: true })
    }
  })
}

function attemptOf<K extends ProgramKind>(program: ProgramOf<K>, folder: string, data: JsonSource | null): AttemptOf<K> {
  const inputs = { data, metadata: null, apiKey: null, resultUrl: null, prepared: null }
  return { ...program, jobId: 'one', jobType: 'tested', attempt: 1, folder, limits: { timeoutMs: 60_000 }, inputs } satisfies Omit<Attempt, 'kind'>
}

const eventsInto = (lines: string[]): AttemptEvents => ({
  log: ({ message }: LogEntry) => void lines.push(message),
  progress: () => undefined,
  drained: () => undefined,
  call: async () => ({ error: { code: 'unavailable', message: 'there is no catalogue' } }),
})

const json = (value: unknown): JsonSource => ({ json: JSON.stringify(value) })

/** The value of a result, wherever it is kept. */
async function readValue(result: AttemptResult): Promise<unknown> {
  assert.equal(result.kind, 'value', JSON.stringify(result))
  if (result.kind !== 'value' || result.value === null) return null
  return JSON.parse('json' in result.value ? result.value.json : await readFile(result.value.path, 'utf8'))
}

function testResults<K extends ProgramKind>(tested: ContractCase<K>): void {
  const { programs } = tested
  testWith(tested, 'the value of a program is the result, and null where there is none', async ({ run }) => {
    assert.equal(await readValue(await run(programs.doubles, json(21))), 42)
    assert.equal(await readValue(await run(programs.returnsNothing)), null)
  })
  testWith(tested, 'input may come as a file, and a large result as one', async ({ run, folder }) => {
    const path = join(folder, 'input.json')
    await writeFile(path, '3000000')
    assert.equal(await readValue(await run(programs.returnsText, { path })), 'x'.repeat(3_000_000))
  })
  testWith(tested, 'a failure of the program is a result with its message', async ({ run }) => {
    const result = await run(programs.fails)
    assert.ok(result.kind === 'failed', JSON.stringify(result))
    assert.equal(result.failure.class, 'job')
    assert.match(result.failure.message, /serious exception/)
  })
  testWith(tested, 'a program that is not there is a failure, and the next attempt runs', async ({ run }) => {
    assert.equal((await run(programs.missing)).kind, 'failed')
    assert.equal(await readValue(await run(programs.doubles, json(2))), 4)
  })
  testWith(tested, 'all lines of the log come before the result, in order', async ({ run, lines }) => {
    await readValue(await run(programs.logs, json(500)))
    assert.deepEqual(
      lines,
      [...Array(500).keys()].map((at) => `line ${at + 1}`),
    )
  })
  testWith(tested, 'attempts that run at once do not mix', async ({ run }) => {
    const values = await Promise.all([1, 2, 3].map(async (data) => readValue(await run(programs.doubles, json(data)))))
    assert.deepEqual(values, [2, 4, 6])
  })
}

const reasons: readonly AbortReason[] = ['cancelled', 'timeout', 'shutdown', 'lost']

function testAborts<K extends ProgramKind>(tested: ContractCase<K>): void {
  const { programs } = tested
  for (const program of ['endsWhenAsked', 'neverEnds'] as const) {
    testWith(tested, `nothing of an aborted attempt runs when it resolves (${program})`, async ({ run, folder }) => {
      const controller = new AbortController()
      const running = run(programs[program], json(join(folder, 'pid')), controller.signal)
      const pid = await readPid(join(folder, 'pid'))
      controller.abort('cancelled' satisfies AbortReason)
      const { kind } = await running
      assert.deepEqual([kind, program === 'endsWhenAsked' || isGone(pid)], ['aborted', true])
    })
  }
  testWith(tested, 'an attempt that is aborted before it begins does not begin', async ({ run, folder }) => {
    for (const reason of reasons) {
      const result = await run(programs.endsWhenAsked, json(join(folder, 'pid')), AbortSignal.abort(reason))
      assert.equal(result.kind, 'aborted')
    }
    await assert.rejects(readFile(join(folder, 'pid')), { code: 'ENOENT' })
  })
}

function testClose<K extends ProgramKind>(tested: ContractCase<K>): void {
  const { programs } = tested
  testWith(tested, 'closing kills what runs, and later attempts are aborted', async ({ run, folder, executor }) => {
    const running = run(programs.neverEnds, json(join(folder, 'pid')))
    const pid = await readPid(join(folder, 'pid'))
    await executor.close()
    assert.notEqual((await running).kind, 'value')
    assert.ok(isGone(pid))
    assert.equal((await run(programs.doubles, json(1))).kind, 'aborted')
  })
}

/** Waits until the program has written its process id. */
async function readPid(path: string): Promise<number> {
  for (;;) {
    const text = await readFile(path, 'utf8').catch(() => '')
    if (text.endsWith('\n')) return Number(text)
    await pause(5)
  }
}
