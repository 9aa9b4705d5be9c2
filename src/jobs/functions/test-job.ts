import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LogEntry } from '../job.ts'
import { type Catalog, CatalogError, type JobDefinition } from './define.ts'
import { type Ran, runDefinition } from './run-definition.ts'

/** What a job came to, in the words of the job service. */
export interface TestedJob {
  readonly status: 'complete' | 'error'
  /** The value as it would be stored: what JSON makes of it. A `raw` result is its text. */
  readonly data: unknown
  readonly error: { readonly message: string; readonly [detail: string]: unknown } | null
  readonly logs: readonly { readonly level: LogEntry['level']; readonly message: string }[]
}

/** What the job is submitted with. */
export interface TestInput {
  readonly data?: unknown
  readonly metadata?: Readonly<Record<string, unknown>>
  readonly apiKey?: unknown
  readonly resultUrl?: string
  readonly signal?: AbortSignal
  /** What answers the actions that the function calls; without it every one is `unavailable`. */
  readonly catalog?: Catalog
}

const noCatalog: Catalog = {
  action: async (name) => {
    throw new CatalogError('unavailable', `there is no catalogue here for ${name}; give testJob one`)
  },
}

/** Runs a function as a job would be run, but here and now: no server, no child process, no time limit. */
export async function testJob(definition: JobDefinition, input: TestInput = {}): Promise<TestedJob> {
  const logs: { level: LogEntry['level']; message: string }[] = []
  const folder = join(tmpdir(), `millrace-test-job-${randomUUID()}`)
  const text = (value: unknown) => (value === undefined ? null : JSON.stringify(value))
  const call = {
    jobId: randomUUID(),
    jobType: definition.options.name,
    attempt: 1,
    data: text(input.data),
    metadata: text(input.metadata),
    apiKey: text(input.apiKey ?? 'test'),
    resultUrl: input.resultUrl ?? null,
    prepared: null,
    folder,
  }
  const events = { log: ({ level, message }: LogEntry) => void logs.push({ level, message }), progress: () => undefined }
  try {
    const ran = await runDefinition(definition, call, {
      events,
      signal: input.signal ?? new AbortController().signal,
      catalog: input.catalog ?? noCatalog,
    })
    if (ran.kind !== 'failed') return { status: 'complete', data: await readRan(ran), error: null, logs }
    const { message, details } = ran.failure
    return { status: 'error', data: null, error: { ...details, message }, logs }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function readRan(ran: Exclude<Ran, { kind: 'failed' }>): Promise<unknown> {
  if (ran.kind === 'value') return ran.json === null ? null : JSON.parse(ran.json)
  const { body } = ran.raw
  const parts: Buffer[] = []
  for await (const part of typeof body === 'string' || body instanceof Uint8Array ? [body] : body) parts.push(Buffer.from(part as Uint8Array))
  return Buffer.concat(parts).toString('utf8')
}
