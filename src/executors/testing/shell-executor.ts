import { type ChildProcess, spawn } from 'node:child_process'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { AttemptEvents, AttemptOf, AttemptResult, Executor } from '../../jobs/executor.ts'
import type { JobFailure, LogEntry } from '../../jobs/job.ts'

const graceMs = 200

/**
 * A second executor, which shows what one takes: it runs a command by the shell. The command reads `data` as JSON, writes its result as JSON, and its
 * log to the standard error. For tests only: it limits nothing.
 */
export class ShellExecutor implements Executor<'process'> {
  readonly #running = new Set<ChildProcess>()
  #isClosed = false

  async run(attempt: AttemptOf<'process'>, events: AttemptEvents, signal: AbortSignal): Promise<AttemptResult> {
    if (this.#isClosed || signal.aborted) return { kind: 'aborted' }
    await mkdir(attempt.folder, { recursive: true })
    const child = spawn('/bin/sh', ['-c', attempt.command], { detached: true, stdio: ['pipe', 'pipe', 'pipe'] })
    this.#running.add(child)
    const abort = () => {
      kill(child, 'SIGTERM')
      setTimeout(() => kill(child, 'SIGKILL'), graceMs).unref()
    }
    signal.addEventListener('abort', abort, { once: true })
    try {
      const failure = await finish(child, attempt, events)
      if (signal.aborted || this.#isClosed) return { kind: 'aborted' }
      return failure ? { kind: 'failed', failure } : { kind: 'value', value: await storedValue(resultPath(attempt)) }
    } finally {
      signal.removeEventListener('abort', abort)
      this.#running.delete(child)
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    for (const child of this.#running) kill(child, 'SIGKILL')
  }
}

const resultPath = ({ folder }: { folder: string }) => join(folder, 'result')

/** To the whole group: a shell that is killed leaves its commands behind. */
function kill({ pid }: ChildProcess, name: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** Feeds the command and reads all that it writes, to its end. Returns why it has failed, if it has. */
async function finish(child: ChildProcess, attempt: AttemptOf<'process'>, events: AttemptEvents): Promise<JobFailure | undefined> {
  const { stdin, stdout, stderr } = child
  if (!stdin || !stdout || !stderr) return failure('system', 'not_started', 'The command could not be started')
  const { data } = attempt.inputs
  const input = data && 'path' in data ? createReadStream(data.path) : Readable.from([data?.json ?? 'null'])
  const lines = createInterface({ input: stderr })
  let last = ''
  lines.on('line', (text) => {
    last = text
    events.log(entry(text))
  })
  const code = new Promise<number | null>((resolve) => child.on('close', resolve).on('error', () => resolve(null)))
  // A command need not read its input.
  await Promise.all([pipeline(input, stdin).catch(() => undefined), pipeline(stdout, createWriteStream(resultPath(attempt))), code])
  return (await code) === 0 ? undefined : failure('job', 'exit_code', last || 'The command failed')
}

const failure = (kind: JobFailure['class'], reason: string, message: string): JobFailure => ({ class: kind, reason, message })
const entry = (message: string): LogEntry => ({ at: Date.now(), level: 'INFO', message, func: null, line: null })

async function storedValue(path: string): Promise<{ readonly path: string } | null> {
  return (await stat(path)).size > 0 ? { path } : null
}
