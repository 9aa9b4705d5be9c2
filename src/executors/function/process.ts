import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { AbortReason, AttemptEvents, AttemptOf, AttemptResult, CatalogAnswer } from '../../jobs/executor.ts'
import type { JobFailure } from '../../jobs/job.ts'
import { childFlags, cleanEnvironment } from './child-environment.ts'
import { type FromChild, readMessage } from './child-message.ts'
import { LineReader, lineDescriptor, maxCalls, maxLineBytes, resultFile, type ToChild } from './child-protocol.ts'

const childProgram = fileURLToPath(new URL('./child.ts', import.meta.url))
const stderrKept = 16_384
/** How long the hub waits for the last output of a process that has ended. */
const lastOutputMs = 250

/** Limits of one child process. */
export interface ProcessOptions {
  /** Mebibytes of JavaScript heap. */
  readonly memoryMb: number
  /** Milliseconds between asking an attempt to end and SIGTERM. */
  readonly graceMs: (reason: AbortReason) => number
  /** Milliseconds between SIGTERM and SIGKILL. */
  readonly killAfterMs: number
}

interface Current {
  readonly attempt: AttemptOf<'function'>
  readonly events: AttemptEvents
  readonly signal: AbortSignal
  readonly end: (result: AttemptResult) => void
}

/** A warm child process that runs one attempt at a time. */
export class FunctionProcess {
  readonly #child: ChildProcess
  readonly #line: Duplex
  readonly #options: ProcessOptions
  readonly #reader = new LineReader()
  readonly #timers: NodeJS.Timeout[] = []
  readonly #closed: Promise<void>
  #current: Current | undefined
  #stderr = ''
  #isUsable = true
  #runs = 0
  /** Calls of the catalogue under way. */
  #calls = 0
  #spawnError: Error | undefined

  constructor(options: ProcessOptions) {
    this.#options = options
    // A group of its own: Ctrl-C on the terminal does not reach it, and what it starts is killed with it.
    this.#child = spawn(process.execPath, [`--max-old-space-size=${options.memoryMb}`, ...childFlags, childProgram], {
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
      detached: true,
      env: cleanEnvironment(),
    })
    this.#line = this.#child.stdio[lineDescriptor] as Duplex
    this.#line.on('data', (chunk: Buffer) => this.#read(chunk))
    // A child that dies resets the line; `close` follows.
    this.#line.on('error', () => this.#child.kill('SIGKILL'))
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-stderrKept)
    })
    this.#child.on('error', (error) => {
      this.#spawnError = error
    })
    let closing: NodeJS.Timeout | undefined
    this.#child.on('exit', () => {
      this.#signal('SIGKILL')
      // What a function has started in a session of its own lives on, and may hold the other ends open.
      closing = setTimeout(() => {
        this.#line.destroy()
        this.#child.stderr?.destroy()
      }, lastOutputMs)
    })
    this.#closed = new Promise((resolve) => {
      this.#child.on('close', () => {
        clearTimeout(closing)
        this.#isUsable = false
        this.#end({ kind: 'failed', failure: this.#deathFailure() })
        resolve()
      })
    })
  }

  /** Whether another attempt may run here. */
  get isUsable(): boolean {
    return this.#isUsable
  }

  /** How many attempts ran here. */
  get runs(): number {
    return this.#runs
  }

  /** Process id; undefined when the process could not be started. */
  get pid(): number | undefined {
    return this.#child.pid
  }

  run(attempt: AttemptOf<'function'>, events: AttemptEvents, signal: AbortSignal): Promise<AttemptResult> {
    if (signal.aborted) return Promise.resolve({ kind: 'aborted' })
    this.#runs++
    this.#stderr = ''
    return new Promise((resolve) => {
      const abort = () => this.#abort(signal.reason as AbortReason)
      const end = (result: AttemptResult) => {
        signal.removeEventListener('abort', abort)
        for (const timer of this.#timers.splice(0)) clearTimeout(timer)
        resolve(result)
      }
      this.#current = { attempt, events, signal, end }
      signal.addEventListener('abort', abort, { once: true })
      this.#send({ op: 'run', attempt })
    })
  }

  /** Ends the process at once. Resolves when it is gone. */
  async kill(): Promise<void> {
    this.#isUsable = false
    this.#signal('SIGKILL')
    await this.#closed
  }

  #send(message: ToChild): void {
    this.#line.write(JSON.stringify(message) + '\n')
  }

  #read(chunk: Buffer): void {
    try {
      for (const text of this.#reader.push(chunk)) this.#receive(readMessage(text))
    } catch (error) {
      this.#isUsable = false
      this.#end({ kind: 'failed', failure: { class: 'job', reason: 'bad_message', message: `The function sent ${(error as Error).message}` } })
      this.#signal('SIGKILL')
    }
  }

  #receive(message: FromChild): void {
    const { events } = this.#current ?? {}
    if (message.op === 'log') {
      events?.log(message.entry)
      this.#holdBack(events?.drained())
    } else if (message.op === 'progress') events?.progress(message.progress)
    else if (message.op === 'call') void this.#call(message)
    else if (message.op === 'recycle') this.#isUsable = false
    else {
      // An unexpected exception may leave the module's own state broken.
      if (message.op === 'failed' && message.failure.reason === 'exception') this.#isUsable = false
      if (this.#current) this.#end(resultOf(message, this.#current.attempt))
    }
  }

  /** The child holds itself back; one that does not is refused. */
  async #call({ id, action, input }: Extract<FromChild, { op: 'call' }>): Promise<void> {
    const current = this.#current
    if (!current) return
    if (this.#calls >= 2 * maxCalls) return this.#answer(id, { error: { code: 'unavailable', message: 'too many calls at once' } })
    this.#calls++
    const answer = await current.events.call(action, input)
    this.#calls--
    if (this.#current === current) this.#answer(id, answer)
  }

  #answer(id: number, answer: CatalogAnswer): void {
    const line = JSON.stringify({ op: 'answer', id, answer } satisfies ToChild)
    const isTooLong = Buffer.byteLength(line) > maxLineBytes - 1
    if (isTooLong) this.#answer(id, { error: { code: 'invalid', message: 'the answer is too large for a job; ask for less at once' } })
    else this.#line.write(`${line}\n`)
  }

  /** A child that writes faster than its log can be stored waits for it. */
  #holdBack(drained: Promise<void> | undefined): void {
    if (!drained) return
    this.#line.pause()
    void drained.then(() => this.#line.resume())
  }

  #end(result: AttemptResult): void {
    const current = this.#current
    if (!current) return
    this.#current = undefined
    const { signal } = current
    // A function that ends well while the hub stops has done its work; after any other abort its result is dropped.
    const isWanted = !signal.aborted || (signal.reason === 'shutdown' && result.kind !== 'failed')
    current.end(isWanted ? result : { kind: 'aborted' })
  }

  #abort(reason: AbortReason): void {
    this.#send({ op: 'abort', reason })
    this.#later(this.#options.graceMs(reason), () => {
      this.#isUsable = false
      this.#signal('SIGTERM')
      this.#later(this.#options.killAfterMs, () => this.#signal('SIGKILL'))
    })
  }

  #later(ms: number, run: () => void): void {
    this.#timers.push(setTimeout(run, ms))
  }

  /** To the whole group. It may be gone already. */
  #signal(name: NodeJS.Signals): void {
    const { pid } = this.#child
    if (pid === undefined) return
    try {
      process.kill(-pid, name)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }

  #deathFailure(): JobFailure {
    const stack = this.#stderr || undefined
    if (this.#spawnError)
      return { class: 'system', reason: 'not_started', message: 'The function could not be started', stack: this.#spawnError.message }
    if (/heap out of memory|Array buffer allocation failed/.test(this.#stderr)) {
      return { class: 'job', reason: 'out_of_memory', message: `The function needed more than ${this.#options.memoryMb} MB of memory`, stack }
    }
    const { exitCode, signalCode } = this.#child
    const how = signalCode ? `was ended by ${signalCode}` : `ended by itself with exit code ${exitCode}`
    return { class: 'job', reason: 'crashed', message: `The process of the function ${how}`, stack }
  }
}

function resultOf(message: Exclude<FromChild, { op: 'log' | 'progress' | 'call' | 'recycle' }>, { folder }: { folder: string }): AttemptResult {
  switch (message.op) {
    case 'value':
      return { kind: 'value', value: message.json === null ? null : { json: message.json } }
    case 'file':
      return { kind: 'value', value: { path: join(folder, resultFile) } }
    case 'raw':
      return { kind: 'raw', path: join(folder, resultFile), mediaType: message.mediaType }
    case 'failed':
      return { kind: 'failed', failure: message.failure }
  }
}
