import { createWriteStream } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { Socket } from 'node:net'
import { getPriority, setPriority } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { format } from 'node:util'
import { getHeapStatistics } from 'node:v8'
import { Worker } from 'node:worker_threads'
import type { Attempt } from '../../jobs/executor.ts'
import { isJobDefinition, type JobDefinition } from '../../jobs/functions/define.ts'
import { failureOf, now, type Ran, runDefinition } from '../../jobs/functions/run-definition.ts'
import type { LogEntry, Progress } from '../../jobs/job.ts'
import { CatalogCalls } from './catalog-calls.ts'
import type { FromChild } from './child-message.ts'
import {
  LineReader,
  lineDescriptor,
  maxLineValue,
  maxLogBytes,
  maxLogLines,
  maxMessageBytes,
  maxResultBytes,
  resultFile,
  type ToChild,
} from './child-protocol.ts'
import { resolveOwnModule } from './own-module.ts'

// The program of a function's child process: runs one attempt after the other, as the hub tells it on descriptor 3.

/** How far functions stand behind the hub when both want the processor: as little as a tenth of its share. */
const niceness = 10

/**
 * Runs beside a function that may never yield. The function would outlive a killed hub: this thread sees the new parent and ends the whole
 * group. And Linux may share the processor out between sessions, of which this process leads one: the session is told to stand behind, too,
 * as soon as the kernel takes that (a few changes a second, where sessions count at all).
 */
const guard = `
  const { writeFileSync } = require('node:fs')
  const { parent, niceness } = require('node:worker_threads').workerData
  const never = new Int32Array(new SharedArrayBuffer(4))
  const standBehind = () => {
    try {
      writeFileSync('/proc/self/autogroup', niceness)
    } catch (error) {
      return error.code !== 'EAGAIN'
    }
    return true
  }
  let isBehind = false
  while (process.ppid === parent) {
    isBehind ||= standBehind()
    Atomics.wait(never, 0, 0, 250 + Math.random() * 250)
  }
  process.kill(-process.pid, 'SIGKILL')`

const line = new Socket({ fd: lineDescriptor })
const tell = (message: FromChild) => line.write(JSON.stringify(message) + '\n')
const calls = new CatalogCalls((text) => line.write(text))

let running: { controller: AbortController; log: (entry: LogEntry) => void } | undefined

/** Lines up to the limits of an attempt; the mark behind the last one is visible. */
function limitedLog(): (entry: LogEntry) => void {
  let [lines, bytes] = [0, 0]
  return (entry) => {
    if (lines > maxLogLines) return
    const message = entry.message.length > maxMessageBytes ? `${entry.message.slice(0, maxMessageBytes)} [truncated]` : entry.message
    lines++
    bytes += message.length
    if (lines <= maxLogLines && bytes <= maxLogBytes) tell({ op: 'log', entry: { ...entry, message } })
    else {
      lines = maxLogLines + 1
      tell({ op: 'log', entry: { ...entry, level: 'WARNING', message: '[truncated: the log of this attempt is full]' } })
    }
  }
}

/** By export and module: an import of what is imported already takes longer than a small function. */
const definitions = new Map<string, JobDefinition>()

async function definitionOf({ module, exportName }: Attempt): Promise<JobDefinition> {
  const known = definitions.get(`${exportName} ${module}`)
  if (known) return known
  const loaded: Record<string, unknown> = await import(module)
  const definition = loaded[exportName]
  if (!isJobDefinition(definition)) throw new Error(`${module} has no job type as ${exportName}`)
  definitions.set(`${exportName} ${module}`, definition)
  return definition
}

async function runAttempt(attempt: Attempt): Promise<void> {
  const controller = new AbortController()
  const limited = limitedLog()
  // What a function leaves running behind its end has no log any more.
  const log = (entry: LogEntry) => void (running?.controller === controller && limited(entry))
  running = { controller, log }
  try {
    const definition = await definitionOf(attempt)
    const data = attempt.data && ('json' in attempt.data ? attempt.data.json : await readFile(attempt.data.path, 'utf8'))
    const events = { log, progress: (progress: Progress) => void (running?.controller === controller && tell({ op: 'progress', progress })) }
    const catalog = calls.catalogOf(() => running?.controller !== controller)
    await tellResult(attempt, await runDefinition(definition, { ...attempt, data }, { events, signal: controller.signal, catalog }))
  } catch (error) {
    tell({ op: 'failed', failure: failureOf(error) })
  } finally {
    running = undefined
    calls.forget()
  }
}

/** Whether what functions have left in memory is half of what they may use. */
function isFull(): boolean {
  const heap = getHeapStatistics()
  return heap.used_heap_size + heap.external_memory > heap.heap_size_limit / 2
}

/** What the process itself is busy with: its line. */
const ownResources = new Set(['PipeWrap', 'WriteWrap'])
const hasLeftovers = () => process.getActiveResourcesInfo().some((kind) => !ownResources.has(kind))
const turnsToTidyUp = 3

/**
 * Whether a function has left a timer, a socket, a file at work behind its end: it could fail or slow the attempts after it. What fails in
 * the turn after its end, like a promise that nobody looks after, ends this process before the function has a result.
 */
async function isBusy(): Promise<boolean> {
  // A connection that is kept for later is let go a turn after its last answer.
  for (let turn = 0; turn < turnsToTidyUp; turn++) {
    await nextTurn()
    if (!hasLeftovers()) return false
  }
  return true
}

async function tellResult(attempt: Attempt, ran: Ran): Promise<void> {
  if ((await isBusy()) || isFull()) tell({ op: 'worn' })
  if (ran.kind === 'failed') return void tell({ op: 'failed', failure: ran.failure })
  const path = join(attempt.folder, resultFile)
  if (ran.kind === 'raw') {
    await mkdir(attempt.folder, { recursive: true })
    await writeBytes(path, ran.raw.body)
    return void tell({ op: 'raw', mediaType: ran.mediaType })
  }
  if (ran.json === null || ran.json.length <= maxLineValue) return void tell({ op: 'value', json: ran.json })
  if (Buffer.byteLength(ran.json) > maxResultBytes) throw new RangeError(`the result is larger than ${maxResultBytes} bytes`)
  await mkdir(attempt.folder, { recursive: true })
  await writeFile(path, ran.json)
  tell({ op: 'file' })
}

async function writeBytes(path: string, body: Parameters<typeof Readable.from>[0]): Promise<void> {
  const whole = typeof body === 'string' || body instanceof Uint8Array ? [body] : body
  let bytes = 0
  const counted = async function* (chunks: AsyncIterable<string | Uint8Array>) {
    for await (const chunk of chunks) {
      bytes += Buffer.byteLength(chunk)
      if (bytes > maxResultBytes) throw new RangeError(`the result is larger than ${maxResultBytes} bytes`)
      yield chunk
    }
  }
  await pipeline(Readable.from(whole), counted, createWriteStream(path))
}

/** What functions print goes to their job's log. */
function printToLog(): void {
  const to = (level: LogEntry['level']) => {
    return (...values: unknown[]) => running?.log({ at: now(), level, message: format(...values), func: 'console', line: null })
  }
  Object.assign(console, { log: to('INFO'), info: to('INFO'), debug: to('DEBUG'), warn: to('WARNING'), error: to('ERROR') })
}

function obey(message: ToChild): void {
  if (message.op === 'run') void runAttempt(message.attempt)
  else if (message.op === 'answer') calls.hear(message.id, message.answer)
  else running?.controller.abort(message.reason)
}

// Only the superuser may come forward again, should the hub stand further behind.
setPriority(Math.max(niceness, getPriority()))
const guardData = { parent: process.ppid, niceness: String(niceness) }
const guardThread = new Worker(guard, { eval: true, workerData: guardData, resourceLimits: { maxOldGenerationSizeMb: 8 } })
guardThread.unref()
guardThread.once('online', () => {
  printToLog()
  resolveOwnModule()
  const reader = new LineReader()
  line.on('data', (chunk: Buffer) => {
    for (const text of reader.push(chunk)) obey(JSON.parse(text))
  })
  line.on('end', () => process.exit())
  line.on('error', () => process.exit())
})
