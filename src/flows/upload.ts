import { DomainError, invalid, unknownKeyText } from '../base/errors.ts'
import { isObject } from '../base/json.ts'
import { nextDueAt } from '../base/period.ts'
import { type Context, hasUnknownKey } from '../context.ts'
import type { Write } from '../store/store.ts'
import { findBearer } from './access.ts'
import { checkTables } from './check-tables.ts'
import {
  type FlowDataset,
  findDataset,
  findNewestFlow,
  hasScheduledRun,
  insertDataset,
  insertFlow,
  listDue,
  lockOwner,
  moveDue,
  takeRevision,
} from './flow-store.ts'
import type { Json, JsonObject } from './pipelines/task.ts'
import { planFlow } from './plan.ts'
import { insertPipelines } from './run/pipeline-store.ts'
import { startFlow } from './run/start.ts'
import { findIdentity, findPeriod, parseSpec, type SourceSpec } from './spec.ts'
import { checkOptions } from './spec-options.ts'
import { checkPatterns } from './spec-patterns.ts'

/** The result of an upload. A refused upload has errors and no flow, and has changed nothing. */
export interface UploadOutcome {
  readonly datasetId: string | null
  readonly flowId: string | null
  readonly errors: readonly string[]
}

const refused = (error: string, datasetId: string | null = null): UploadOutcome => ({ datasetId, flowId: null, errors: [error] })

const notAuthorised = 'No token or token not authorised for owner'

/**
 * Accepts a source spec: checks it, assigns the dataset's next revision number, stores it with all its pipelines and starts it,
 * in one write. `spec` is the content of the body, undefined without a body. Expected refusals are results, not exceptions.
 */
export async function uploadSpec(ctx: Context, input: { spec: unknown; token: string | undefined }): Promise<UploadOutcome> {
  if (input.spec === undefined) return refused('Received empty contents (make sure your content-type is correct)')
  const { ownerId, dataset } = findIdentity(input.spec)
  if (ownerId === undefined || !isObject<Json>(input.spec)) return refused('Missing owner in spec')
  const quota = await findQuota(ctx, input.token, ownerId)
  if (quota === undefined) return refused(`${notAuthorised}${hasUnknownKey(ctx.actor) ? `; ${unknownKeyText}` : ''}`)
  const upload = { ownerId, dataset, spec: input.spec, quota }
  try {
    return await storeUpload(ctx, upload)
  } catch (error) {
    if (!(error instanceof DomainError) || error.code !== 'invalid') throw error
    return refused(error.message, dataset === undefined ? null : `${ownerId}/${dataset}`)
  }
}

/** How many datasets the token allows; undefined if the token is not valid for this owner. */
async function findQuota(ctx: Context, token: string | undefined, ownerId: string): Promise<number | undefined> {
  const claims = await findBearer(ctx, token)
  if (claims?.userId !== ownerId) return undefined
  const limit = claims.permissions['max_dataset_num']
  return typeof limit === 'number' && Number.isFinite(limit) ? limit : 0
}

interface Upload {
  readonly ownerId: string
  /** Undefined if the spec has no valid one. */
  readonly dataset: string | undefined
  readonly spec: JsonObject
  /** Undefined for an upload by the hub itself. */
  readonly quota: number | undefined
}

/** The fault of a spec. It is kept here, since the quota is checked first. */
function readLater<T>(read: () => T): () => T {
  try {
    const value = read()
    return () => value
  } catch (error) {
    return () => {
      throw error
    }
  }
}

/** Reads a spec that a publisher sends. Throws `invalid`. */
function parseNewSpec(spec: JsonObject): SourceSpec {
  const source = parseSpec(spec)
  // Patterns are checked first: they have a common limit, and the checks of fields compile them.
  checkPatterns(source)
  checkOptions(spec, source)
  checkTables(source)
  return source
}

async function storeUpload(ctx: Context, upload: Upload): Promise<UploadOutcome> {
  const read = readLater(() => ({ period: findPeriod(upload.spec), source: parseNewSpec(upload.spec) }))
  if (upload.dataset === undefined) read()
  const now = ctx.clock()
  return ctx.store.write(async (write) => {
    const dataset = await claimDataset(write, upload, now)
    const { period, source } = read()
    const dueAt = period === undefined ? null : nextDueAt(dataset.dueAt ?? undefined, period, now)
    const flowId = await storeFlow(write, { dataset, source, spec: upload.spec, now, isScheduled: false }, dueAt)
    return { datasetId: dataset.id, flowId, errors: [] }
  })
}

/** The dataset's row, created if it is new and the quota allows another one. */
async function claimDataset({ db }: Write, { ownerId, dataset: name = '', quota }: Upload, now: number): Promise<FlowDataset> {
  const id = `${ownerId}/${name}`
  const count = await lockOwner(db, ownerId)
  const known = await findDataset(db, id)
  if (known) return known
  if (quota !== undefined && count >= quota) throw overQuota(quota)
  await insertDataset(db, { id, ownerId, name, createdAt: now })
  return { id, ownerId, name, lastRevision: 0, createdAt: now, uploadedAt: now, dueAt: null, isCertified: false }
}

function overQuota(limit: number): DomainError {
  const message = `Max datasets for user exceeded plan limit (${limit})`
  return invalid({ dataset: [message] }, message)
}

interface NewFlow {
  readonly isScheduled: boolean
  readonly dataset: FlowDataset
  readonly source: SourceSpec
  readonly spec: JsonObject
  readonly now: number
}

/** Stores the dataset's next revision with its pipelines, and starts it. Returns its id. */
async function storeFlow(write: Write, { dataset, source, spec, now, isScheduled }: NewFlow, dueAt: number | null): Promise<string> {
  const revision = await takeRevision(write.db, dataset.id, { uploadedAt: now, dueAt })
  const flowId = `${dataset.id}/${revision}`
  const { sources, pipelines } = planFlow(flowId, source)
  const [created, modified] = [dataset.createdAt, now].map((at) => new Date(at).toISOString()) as [string, string]
  const { ownerId, owner, findability, descriptor } = source
  const meta = { ownerid: ownerId, ...(owner !== undefined && { owner }), findability, created, modified }
  const stored = { ...spec, meta: { ...(isObject(spec['meta']) && spec['meta']), update_time: modified } }
  const plan = { sources, descriptor, meta }
  await insertFlow(write.db, { id: flowId, datasetId: dataset.id, revision, findability, isScheduled, spec: stored, createdAt: now, plan })
  await insertPipelines(write.db, flowId, pipelines)
  write.change('flow', flowId, 'created')
  await startFlow(write, flowId)
  return flowId
}

/**
 * Makes the scheduled uploads that are due: a new revision of the newest spec. Several processes may do so at once; each time is
 * handled by one of them. A time is skipped while a scheduled revision of the dataset still runs. Returns the ids of the new flows.
 */
export async function uploadDue(ctx: Pick<Context, 'store' | 'clock' | 'log'>): Promise<string[]> {
  const now = ctx.clock()
  const made: string[] = []
  for (const dataset of await listDue(ctx.store.db, now)) {
    try {
      const flowId = await ctx.store.write((write) => uploadAgain(write, dataset, now))
      if (flowId === undefined) continue
      made.push(flowId)
      ctx.log.info({ flow: flowId }, 'made a scheduled upload')
    } catch (error) {
      // A failed upload must not block the others; its dataset stays due.
      ctx.log.error({ err: error, dataset: dataset.id }, 'a scheduled upload failed; will retry')
    }
  }
  return made
}

async function uploadAgain(write: Write, dataset: FlowDataset, now: number): Promise<string | undefined> {
  const newest = await findNewestFlow(write.db, dataset.id, 'latest')
  const period = newest && findPeriod(newest.spec)
  if (dataset.dueAt === null || !newest || period === undefined) return undefined
  const dueAt = nextDueAt(dataset.dueAt, period, now + 1)
  if (!(await moveDue(write.db, dataset.id, { from: dataset.dueAt, to: dueAt }))) return undefined
  if (await hasScheduledRun(write.db, dataset.id)) return undefined
  return storeFlow(write, { dataset, source: parseSpec(newest.spec), spec: newest.spec, now, isScheduled: true }, dueAt)
}
