import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { findActor } from './auth/caller.ts'
import { ensureSysadmin, type FirstSysadmin } from './auth/first-sysadmin.ts'
import { DomainError } from './base/errors.ts'
import { outgoingPolicy } from './base/outgoing-policy.ts'
import { SearchThread } from './catalogue/search/memory/engine.ts'
import { SearchRebuild } from './catalogue/search/rebuild.ts'
import { type Config, localUrl, noteOwnAddress } from './config.ts'
import type { Context } from './context.ts'
import { makeExecutors } from './executors/executors.ts'
import { loadJobModules } from './executors/function/job-modules.ts'
import { publisherTypes } from './flows/functions/types.ts'
import { pipelineJob } from './flows/run/pipeline-job.ts'
import { resumeFlows } from './flows/run/start.ts'
import { uploadDue } from './flows/upload.ts'
import { callAction } from './http/ckan/routes.ts'
import { presentJob } from './http/job-service/present.ts'
import { buildServer } from './http/server/server.ts'
import type { Hub } from './http/server/surface.ts'
import { surfaces } from './http/surfaces.ts'
import { webhookSecrets } from './jobs/callbacks/secret.ts'
import { CallbackSender } from './jobs/callbacks/sender.ts'
import { type Executors, programKinds } from './jobs/executor.ts'
import { builtinTypes } from './jobs/functions/builtin/types.ts'
import type { CallAction } from './jobs/functions/call-action.ts'
import { fireDue, saveSchedules } from './jobs/schedules/fire.ts'
import { startScheduleLoop } from './jobs/schedules/loop.ts'
import { saveTypeRows } from './jobs/system-types.ts'
import { TypeRegistry } from './jobs/type-registry.ts'
import { JobRunner } from './jobs/worker/runner.ts'
import { databasePlace, openData, StartError } from './start.ts'

/** A hub that runs in this process. */
export interface App {
  readonly base: Omit<Context, 'actor' | 'log'>
  /** Absent in a process that only works. */
  readonly http: FastifyInstance | undefined
  /** Where the hub listens, undefined when it does not. */
  readonly url: string | undefined
  /** The generated sysadmin that nobody has used yet: shown at each start until then. */
  readonly firstSysadmin: FirstSysadmin | undefined
  /** Stops taking work, lets running work end, closes the database. */
  close(): Promise<void>
}

/** Which parts of the hub a process runs. */
export interface Parts {
  readonly http: boolean
  readonly workers: boolean
}

/** Slots for functions that a caller waits for; they stand beside those for long work, which must not hold callers up. */
const syncSlots = 16
const stopGraceMs = 10_000
/** Results posted at once: waiting for receivers costs next to nothing. */
const callbackSlots = 32

/** The one place that joins the rooms. Throws a `StartError` with one line when the hub cannot start. */
export async function startApp(config: Config, log: Logger, parts: Parts): Promise<App> {
  const data = await openData(config, log)
  const rebuild = new SearchRebuild(data.store, log)
  const search = new SearchThread({ place: databasePlace(config), log, rebuild })
  const base = { ...data, config, clock: Date.now, search }
  const running: (() => Promise<void>)[] = [() => data.store.close(), () => search.close(), () => rebuild.stop()]
  const close = async () => {
    for (const stop of running.splice(0).reverse()) await stop()
  }
  try {
    await rebuild.start(() => void search.startIfLarge(data.store))
    const firstSysadmin = await ensureSysadmin(base)
    const ownTypes = [...builtinTypes, ...publisherTypes({ ...base, log }), pipelineJob({ ...base, log })]
    const moduleTypes = config.jobsDir === undefined ? [] : await loadJobModules(config.jobsDir, ownTypes)
    const executors = makeExecutors()
    const types = new TypeRegistry([...ownTypes, ...moduleTypes], programKinds(executors))
    await saveTypeRows(base, types.list())
    const jobs = parts.workers ? makeRunner({ base, log, types }, executors) : undefined
    const http = parts.http ? await buildServer({ base, log, types, jobs, firstSysadmin }, surfaces) : undefined
    if (jobs) running.push(await startCallbacks(base, log), () => jobs.stop({ graceMs: stopGraceMs }))
    if (http) running.push(() => closeHttp(http))
    // Before any work starts: what runs may name the hub's own address, whose port the system may have chosen.
    const url = http && (await listen(http, config))
    if (jobs) {
      await resumeFlows(data.store)
      await jobs.start()
      running.push(await startSchedules({ ...base, log }, types))
    }
    if (http) void search.startIfLarge(data.store)
    return { base, http, url, firstSysadmin, close }
  } catch (error) {
    await close()
    throw error instanceof DomainError ? new StartError(error.message, { cause: error }) : error
  }
}

function makeRunner(hub: Pick<Hub, 'base' | 'log' | 'types'>, executors: Executors): JobRunner {
  const { store, files, vault, config } = hub.base
  const slots = { work: config.concurrency, sync: syncSlots }
  return new JobRunner({
    store,
    files,
    vault,
    log: hub.log,
    types: hub.types,
    executors,
    slots,
    keepDays: config.keepJobsDays,
    maxQueueWaitMs: config.maxQueueWait && config.maxQueueWait * 1000,
    callAction: actionsFor(hub.base),
  })
}

/** How jobs call the hub's own actions: as their owner. */
function actionsFor(base: Hub['base']): CallAction {
  return async ({ userId, action, input, log }) => callAction({ ...base, actor: await findActor(base, userId), log }, action, input)
}

/** Begins to post results; returns what ends it. It ends after the jobs, whose last results it still posts. */
async function startCallbacks(base: Hub['base'], log: Logger): Promise<() => Promise<void>> {
  const sender = new CallbackSender({
    ...base,
    log,
    policy: outgoingPolicy(base.config),
    timeoutMs: base.config.callbackTimeout * 1000,
    secrets: await webhookSecrets(base),
    slots: callbackSlots,
    present: (job, logs, files) => presentJob(job, { logs }, files),
  })
  await sender.start()
  return () => sender.stop({ graceMs: stopGraceMs })
}

/** One loop for everything that has its time: functions, and uploads of sources. */
async function startSchedules(ctx: Omit<Context, 'actor'>, types: TypeRegistry): Promise<() => Promise<void>> {
  await saveSchedules(ctx, types)
  const uploads = async () => {
    await uploadDue(ctx)
    return undefined
  }
  return startScheduleLoop(ctx.log, [() => fireDue(ctx, types), uploads])
}

/** A connection whose last answer is just going out when the server begins to close is idle a moment later: it is looked for until all are gone. */
async function closeHttp(http: FastifyInstance): Promise<void> {
  const timer = setInterval(() => http.server.closeIdleConnections(), 100)
  try {
    await http.close()
  } finally {
    clearInterval(timer)
  }
}

async function listen(http: FastifyInstance, config: Config): Promise<string> {
  try {
    await http.listen({ host: config.host, port: config.port })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'EADDRINUSE')
      throw new StartError(`port ${config.port} of ${config.host} is in use. Stop what uses it, or set PORT to another one.`, { cause: error })
    throw new StartError(`cannot listen on ${config.host}:${config.port}: ${message}`, { cause: error })
  }
  const address = http.server.address()
  const url = localUrl(config.host, typeof address === 'object' && address ? address.port : config.port)
  noteOwnAddress(config, url)
  return url
}
