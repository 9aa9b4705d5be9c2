import { createReadStream, existsSync } from 'node:fs'
import { mkdir, readFile, rm } from 'node:fs/promises'
import type { Logger } from 'pino'
import type { Vault } from '../../auth/secret.ts'
import { DomainError } from '../../base/errors.ts'
import { bareMediaType } from '../../base/media-type.ts'
import type { FileStore } from '../../store/files/file-store.ts'
import type { Store } from '../../store/store.ts'
import { backoffMs, isRetried } from '../backoff.ts'
import { readJson, storeJson } from '../body.ts'
import type { AbortReason, Attempt, AttemptEvents, AttemptInputs, AttemptResult, Executors, JsonSource } from '../executor.ts'
import { answerCall, type CallAction } from '../functions/call-action.ts'
import { failureOf } from '../functions/run-definition.ts'
import { type ClaimedJob, cancelled, interrupted, type JobFailure, type Outcome, type Result } from '../job.ts'
import { AttemptLog, type Unstored } from '../logs/attempt-log.ts'
import { AttemptError, type AttemptScene, type RunnableType } from '../runnable-type.ts'

/** What attempts are made with; the same for all attempts of a process. */
export interface AttemptTools {
  readonly store: Store
  readonly files: FileStore
  readonly vault: Vault
  readonly executors: Executors
  readonly log: Logger
  /** Runs an action of the catalogue for a job; without it functions find the catalogue unavailable. */
  readonly callAction?: CallAction
}

/** How an attempt ends: with the job, with another try, or with nothing to say because the claim is lost. */
export type AttemptEnd = Ending & Unstored

type Ending =
  | { readonly kind: 'settle'; readonly outcome: Outcome }
  | { readonly kind: 'requeue'; readonly delayMs: number; readonly isCounted: boolean }
  | { readonly kind: 'lost' }

/** One try of one job, from claim to end. It never throws: what goes wrong is how it ends. */
export class RunningAttempt {
  readonly job: ClaimedJob
  readonly type: RunnableType
  readonly #tools: AttemptTools
  readonly #folder: string
  readonly #controller = new AbortController()
  readonly #jobLog: AttemptLog

  constructor(tools: AttemptTools, parts: { job: ClaimedJob; type: RunnableType; folder: string }) {
    this.#tools = tools
    this.job = parts.job
    this.type = parts.type
    this.#folder = parts.folder
    this.#jobLog = new AttemptLog({ store: tools.store, log: tools.log, job: this.job, type: this.type, lost: () => this.abort('lost') })
  }

  /** Asks the attempt to end; the first reason counts. */
  abort(reason: AbortReason): void {
    this.#controller.abort(reason)
  }

  async run(): Promise<AttemptEnd> {
    const deadline = setTimeout(() => this.abort('timeout'), Math.min(this.job.timeoutMs, 2 ** 31 - 1))
    let end: Ending
    try {
      end = await this.#carryOut()
    } catch (error) {
      end = this.#afterFailure(thrownFailure(error))
    } finally {
      clearTimeout(deadline)
      await this.#removeFolder()
    }
    return { ...end, ...(await this.#jobLog.finish()) }
  }

  /** Most attempts make none, and removing nothing takes longer than all that is done for them here. */
  async #removeFolder(): Promise<void> {
    if (!existsSync(this.#folder)) return
    await rm(this.#folder, { recursive: true, force: true }).catch((err) =>
      this.#tools.log.warn({ err, job: this.job.id }, 'could not remove the work folder'),
    )
  }

  async #carryOut(): Promise<Ending> {
    const { job, type } = this
    const scene = type.prepare || type.adopt ? await this.#scene() : undefined
    const prepared = scene && (await type.prepare?.(scene))
    const attempt: Attempt = {
      ...type.program,
      jobId: job.id,
      jobType: job.type,
      attempt: job.attempts,
      folder: this.#folder,
      limits: { timeoutMs: job.timeoutMs },
      inputs: await this.#inputs(prepared),
    }
    const result = (await this.#runProgram(attempt)) ?? withoutExecutor(attempt)
    if (result.kind === 'aborted') return this.#afterAbort()
    if (result.kind === 'failed') return this.#afterFailure(result.failure)
    const outcome: Outcome = { state: 'done', result: await this.#takeResult(result, scene) }
    return this.#isUnwanted() ? this.#afterAbort() : { kind: 'settle', outcome }
  }

  /** Undefined: this process has no executor for the kind. */
  #runProgram(attempt: Attempt): Promise<AttemptResult> | undefined {
    const { executors } = this.#tools
    const { signal } = this.#controller
    switch (attempt.kind) {
      case 'function':
        return executors.function?.run(attempt, this.#events(), signal)
      case 'container':
        return executors.container?.run(attempt, this.#events(), signal)
      case 'process':
        return executors.process?.run(attempt, this.#events(), signal)
    }
  }

  async #inputs(prepared: unknown): Promise<AttemptInputs> {
    const { data, metadata, apiKeySealed, resultUrl } = this.job
    const { files, vault } = this.#tools
    return {
      data: data && (await sourceOf(files, data)),
      metadata,
      apiKey: apiKeySealed && vault.open(apiKeySealed),
      resultUrl,
      prepared: prepared === undefined ? null : JSON.stringify(prepared),
    }
  }

  #events(): AttemptEvents {
    const jobLog = this.#jobLog
    const { callAction, log } = this.#tools
    return {
      log: (entry) => jobLog.log(entry),
      progress: (progress) => jobLog.progress(progress),
      drained: () => jobLog.drained(),
      call: (action, input) => answerCall(callAction, { userId: this.job.userId, action, input, log: log.child({ job: this.job.id }) }),
    }
  }

  async #scene(): Promise<AttemptScene> {
    await mkdir(this.#folder, { recursive: true })
    const { job } = this
    const { files } = this.#tools
    return {
      job,
      data: job.data ? JSON.parse(await readJson(files, job.data)) : undefined,
      folder: this.#folder,
      files,
      signal: this.#controller.signal,
      log: (level, message) => this.#jobLog.log({ at: Date.now(), level, message, func: null, line: null }),
    }
  }

  /** Stores what the attempt has produced, so that the write that ends the job only has to refer to it. */
  async #takeResult(result: Extract<AttemptResult, { kind: 'value' | 'raw' }>, scene: AttemptScene | undefined): Promise<Result> {
    const { files } = this.#tools
    if (result.kind === 'raw') {
      const { digest } = await files.put(bytesOf(result.path))
      return { json: null, file: digest, type: bareMediaType(result.mediaType) ?? 'application/octet-stream' }
    }
    if (scene && this.type.adopt) {
      const value = result.value && JSON.parse(await textOf(result.value))
      const adopted = JSON.stringify(await this.type.adopt(scene, value))
      return { ...(adopted === undefined ? noBody : await storeJson(files, adopted)), type: null }
    }
    if (!result.value) return { ...noBody, type: null }
    if ('json' in result.value) return { ...(await storeJson(files, result.value.json)), type: null }
    const { digest } = await files.put(bytesOf(result.value.path))
    return { json: null, file: digest, type: null }
  }

  /** Whether an abort came that makes even a good result worthless. */
  #isUnwanted(): boolean {
    const { signal } = this.#controller
    return signal.aborted && signal.reason !== 'shutdown'
  }

  #afterAbort(): Ending {
    const { job } = this
    switch (this.#controller.signal.reason as AbortReason) {
      case 'cancelled':
        return { kind: 'settle', outcome: cancelled }
      case 'timeout':
        return this.#afterFailure(timedOut(job.timeoutMs))
      case 'lost':
        return { kind: 'lost' }
      case 'shutdown':
        if (job.maxAttempts > 1) return { kind: 'requeue', delayMs: 0, isCounted: false }
        return { kind: 'settle', outcome: { state: 'failed', failure: interrupted } }
    }
  }

  #afterFailure(failure: JobFailure): Ending {
    const { signal } = this.#controller
    if (signal.aborted && failure.reason !== 'timeout') return this.#afterAbort()
    const { job, type } = this
    if (failure.stack && failure.reason !== 'job_error') {
      this.#tools.log.warn({ job: job.id, type: job.type, reason: failure.reason, stack: failure.stack }, 'an attempt failed')
    }
    if (!isRetried(type.retry, failure, job)) return { kind: 'settle', outcome: { state: 'failed', failure } }
    const delayMs = backoffMs(type.retry, job.attempts)
    const message = `attempt ${job.attempts} failed: ${failure.message}; the next one starts in ${Math.ceil(delayMs / 1000)} s`
    this.#jobLog.log({ at: Date.now(), level: 'WARNING', message, func: null, line: null })
    return { kind: 'requeue', delayMs, isCounted: true }
  }
}

/** The bytes of a file, opened when they are wanted: by then the function may have removed it, which is its failure. */
async function* bytesOf(path: string): AsyncGenerator<Uint8Array> {
  yield* createReadStream(path)
}

/** A type is claimed only where there is an executor for it, unless the hub was started with other settings than the processes beside it. */
const withoutExecutor = ({ kind, jobType }: Attempt): AttemptResult => ({
  kind: 'failed',
  failure: { class: 'system', reason: 'not_started', message: `No executor of this process runs ${jobType}, which is a ${kind}` },
})

const noBody = { json: null, file: null }

/** What a time limit that has passed makes of a job. */
export const timedOut = (timeoutMs: number): JobFailure => ({
  class: 'job',
  reason: 'timeout',
  message: `Job was stopped: it ran longer than its time limit of ${timeoutMs / 1000} s`,
})

/** What `prepare`, `adopt` and the file store throw. The store and peers that do not answer are worth another try. */
function thrownFailure(error: unknown): JobFailure {
  if (error instanceof AttemptError) return error.failure
  if (error instanceof DomainError && error.code === 'unavailable') return { class: 'system', reason: 'unavailable', message: error.message }
  return failureOf(error)
}

const textOf = async (source: JsonSource) => ('json' in source ? source.json : readFile(source.path, 'utf8'))

async function sourceOf(files: FileStore, { json, file }: { json: string | null; file: string | null }): Promise<JsonSource | null> {
  if (json !== null) return { json }
  return file === null ? null : { path: await files.localPath(file) }
}
