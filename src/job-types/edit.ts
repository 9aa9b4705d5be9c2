import { randomUUID } from 'node:crypto'
import { invalid } from '../base/errors.ts'
import type { Context } from '../context.ts'
import { nextNumber } from '../store/counter.ts'
import type { Write } from '../store/store.ts'
import type { JobConfiguration } from './configuration.ts'
import { type JobType, type JobTypeDetails, type JobTypeRef, queueOf, unknown } from './job-type.ts'
import { requireConfiguration, requireManifest, type Unchecked } from './manifest/check.ts'
import type { Warning } from './manifest/finding.ts'
import type { SeedManifest } from './manifest/schema.ts'
import { demand } from './policy.ts'
import { moveLanes, saveLimits, setPaused } from './queue-rules-store.ts'
import { insertRevision } from './revision-store.ts'
import { sealSecrets } from './secret.ts'
import { findDetails, findJobType, findNameOwner, flag, insertJobType, lockDetails, replaceTags, updateJobType } from './store.ts'

/** The fields of an edit; absent fields stay unchanged. */
export interface JobTypeChanges {
  readonly iconCode?: string | null
  readonly isPublished?: boolean
  readonly isActive?: boolean
  readonly isPaused?: boolean
  /** null and 0: no limit. */
  readonly maxScheduled?: number | null
  readonly dockerImage?: string
  readonly manifest?: Unchecked
  readonly configuration?: Unchecked
}

export interface NewJobType extends JobTypeChanges {
  readonly dockerImage: string
  readonly manifest: Unchecked
}

/** The context for changing a job type. */
export type EditContext = Pick<Context, 'store' | 'vault' | 'actor' | 'clock'>

/** The result of posting a job type. */
export interface Registered {
  readonly outcome: 'created' | 'edited'
  readonly jobType: JobTypeDetails
  readonly warnings: readonly Warning[]
}

const maxTries = 3
/** Maximum waiting jobs that change their lane in the write that pauses a type; workers move the others. */
const movedAtOnce = 500
/** Names that are other paths below `/v6/job-types`. */
const reservedNames = new Set(['validation', 'status', 'pending', 'running', 'system-failures'])

/**
 * Registers a manifest: a new type, a new version of a known one, or, when name and version are known, an edit with a
 * new revision. The manifest's `name` and `jobVersion` alone decide which.
 * Throws `forbidden`, and `invalid` for a manifest, configuration or name that cannot be used.
 */
export async function registerJobType(ctx: EditContext, input: NewJobType): Promise<Registered> {
  demand(ctx.actor, 'change')
  const { manifest, warnings } = requireManifest(input.manifest)
  const changes = { ...input, manifest, configuration: input.configuration && requireConfiguration(input.configuration) }
  const ref = refOf(manifest)
  if (reservedNames.has(ref.name)) throw taken(ref.name)
  const outcome = await ctx.store.write(async (write) => {
    if (await editKnown(ctx, write, { ref, changes })) return 'edited'
    const no = await nextNumber(write.db, 'job_type')
    // Another write may have created the same pair while this one waited for the number.
    if (await editKnown(ctx, write, { ref, changes })) return 'edited'
    await create(ctx, write, { no, changes: { ...changes, configuration: changes.configuration ?? requireConfiguration(undefined) } })
    return 'created'
  })
  const jobType = await findDetails(ctx.store.db, ref)
  if (!jobType) throw unknown(ref)
  return { outcome, jobType, warnings }
}

/** Throws `not_found` when the version does not exist. */
export async function requireJobType(ctx: Pick<Context, 'store'>, ref: JobTypeRef): Promise<void> {
  if (!(await findJobType(ctx.store.db, ref))) throw unknown(ref)
}

/**
 * Changes a version. A manifest makes a new revision; a configuration replaces the stored one except for its secrets.
 * Throws `forbidden`, `not_found`, and `invalid` for a manifest or configuration that cannot be used, for a manifest of
 * another version, and for changes that a system type does not allow.
 */
export async function editJobType(ctx: EditContext, ref: JobTypeRef, changes: JobTypeChanges): Promise<readonly Warning[]> {
  demand(ctx.actor, 'change')
  await requireJobType(ctx, ref)
  const reading = changes.manifest && requireManifest(changes.manifest)
  if (reading) requireSame(ref, refOf(reading.manifest))
  const parsed = { ...changes, manifest: reading?.manifest, configuration: changes.configuration && requireConfiguration(changes.configuration) }
  await ctx.store.write(async (write) => {
    if (!(await editKnown(ctx, write, { ref, changes: parsed }))) throw unknown(ref)
  })
  return reading?.warnings ?? []
}

const refOf = ({ job }: SeedManifest): JobTypeRef => ({ name: job.name, version: job.jobVersion })

const taken = (name: string) => invalid({ manifest: ['job.name is reserved'] }, `the name ${name} is taken by the hub; choose another job.name`)

function requireSame(ref: JobTypeRef, posted: JobTypeRef): void {
  if (posted.name === ref.name && posted.version === ref.version) return
  const text = `the manifest is of ${posted.name} ${posted.version}, not of ${ref.name} ${ref.version}; an edit keeps job.name and job.jobVersion`
  throw invalid({ manifest: [text] }, text)
}

interface ParsedChanges extends Omit<JobTypeChanges, 'manifest' | 'configuration'> {
  readonly manifest?: SeedManifest
  readonly configuration?: JobConfiguration
}

type ParsedNew = ParsedChanges & { readonly dockerImage: string; readonly manifest: SeedManifest; readonly configuration: JobConfiguration }

async function create(ctx: EditContext, write: Write, { no, changes }: { no: number; changes: ParsedNew }): Promise<void> {
  const { db } = write
  const { manifest, dockerImage } = changes
  if ((await findNameOwner(db, manifest.job.name)) === 'system') throw taken(manifest.job.name)
  const [id, now, json] = [randomUUID(), ctx.clock(), JSON.stringify(manifest)]
  const isActive = changes.isActive ?? true
  const isPaused = changes.isPaused ?? false
  const maxScheduled = changes.maxScheduled ?? null
  const row = {
    id,
    no,
    ...refOf(manifest),
    title: manifest.job.title,
    description: manifest.job.description,
    icon_code: changes.iconCode ?? null,
    docker_image: dockerImage,
    kind: 'container',
    mode: 'async',
    is_system: 0,
    is_published: flag(changes.isPublished ?? false),
    is_active: flag(isActive),
    is_paused: flag(isPaused),
    deprecated_at: isActive ? null : now,
    paused_at: isPaused ? now : null,
    priority: changes.configuration.priority,
    max_scheduled: maxScheduled,
    max_tries: maxTries,
    unmet_resources: null,
    revision_num: 1,
    manifest: json,
    // Filled in below: secrets refer to this row, so the row must exist first.
    configuration: '{}',
    created_at: now,
    updated_at: now,
  }
  await insertJobType(db, row)
  await updateJobType(db, id, { configuration: JSON.stringify(await sealSecrets({ db, vault: ctx.vault }, id, changes)) })
  await replaceTags(db, id, manifest.job.tags ?? [])
  await insertRevision(db, { typeId: id, revisionNum: 1, dockerImage, manifest: json, createdAt: now })
  if (isPaused || maxScheduled) await applyQueueRules(write, { ...refOf(manifest), isSystem: false, isPaused, maxScheduled })
  write.change('job_type', id, 'created')
}

/** Applies changes to a version that exists, in the running write. Returns false when it does not exist. */
async function editKnown(ctx: EditContext, write: Write, { ref, changes }: { ref: JobTypeRef; changes: ParsedChanges }): Promise<boolean> {
  const { db } = write
  const current = await lockDetails(db, ctx.store.dialect, ref)
  if (!current) return false
  if (current.isSystem) requirePauseOnly(changes)
  const now = ctx.clock()
  const { manifest } = changes
  await updateJobType(db, current.id, {
    ...plainValues(changes, current, now),
    ...(await bodyValues(ctx, write, { changes, current })),
    updated_at: now,
  })
  if (manifest) {
    await replaceTags(db, current.id, manifest.job.tags ?? [])
    const dockerImage = changes.dockerImage ?? current.dockerImage
    await insertRevision(db, {
      typeId: current.id,
      revisionNum: current.revisionNum + 1,
      dockerImage,
      manifest: JSON.stringify(manifest),
      createdAt: now,
    })
  }
  if (changes.isPaused !== undefined || changes.maxScheduled !== undefined)
    await applyQueueRules(write, { ...current, ...rulesAfter(changes, current) })
  write.change('job_type', current.id, 'updated')
  return true
}

function requirePauseOnly(changes: ParsedChanges): void {
  const refused = Object.entries(changes).filter(([key, value]) => key !== 'isPaused' && value !== undefined)
  if (refused.length > 0) throw invalid({ is_paused: ['the only field to change'] }, 'a system type can only be paused and unpaused')
}

/** Column values of the changes that affect no other table. */
function plainValues(changes: ParsedChanges, current: JobType, now: number) {
  const { iconCode, isPublished, isActive, isPaused, maxScheduled, dockerImage } = changes
  return {
    ...(iconCode !== undefined && { icon_code: iconCode }),
    ...(isPublished !== undefined && { is_published: flag(isPublished) }),
    // An unchanged value does not change the time.
    ...(isActive !== undefined && isActive !== current.isActive && { is_active: flag(isActive), deprecated_at: isActive ? null : now }),
    ...(isPaused !== undefined && isPaused !== current.isPaused && { is_paused: flag(isPaused), paused_at: isPaused ? now : null }),
    ...(maxScheduled !== undefined && { max_scheduled: maxScheduled }),
    ...(dockerImage !== undefined && { docker_image: dockerImage }),
  }
}

/** Column values that come from a new manifest or configuration; under a new manifest, stored settings may become secret. */
async function bodyValues(ctx: EditContext, { db }: Write, { changes, current }: { changes: ParsedChanges; current: JobTypeDetails }) {
  if (!changes.manifest && !changes.configuration) return {}
  const manifest = changes.manifest ?? current.manifest
  const configuration = await sealSecrets({ db, vault: ctx.vault }, current.id, {
    configuration: changes.configuration ?? current.configuration,
    manifest,
  })
  const values = { configuration: JSON.stringify(configuration), priority: configuration.priority }
  if (!changes.manifest) return values
  const { title, description } = changes.manifest.job
  return { ...values, title, description, manifest: JSON.stringify(changes.manifest), revision_num: current.revisionNum + 1, unmet_resources: null }
}

const rulesAfter = (changes: ParsedChanges, current: JobType) => ({
  isPaused: changes.isPaused ?? current.isPaused,
  maxScheduled: changes.maxScheduled === undefined ? current.maxScheduled : changes.maxScheduled,
})

type QueueRules = Pick<JobType, 'name' | 'version' | 'isSystem' | 'isPaused' | 'maxScheduled'>

/**
 * Applies the pause and the limit of a type to the queue, in the write that changes them. Wakes workers, so that an unpaused type starts at
 * once. The workers that know a system type set its limit.
 */
async function applyQueueRules(write: Write, type: QueueRules): Promise<void> {
  const { db, dialect } = write
  const queue = queueOf(type)
  await setPaused(write, queue, type.isPaused)
  if (!type.isSystem) await saveLimits(db, dialect, [{ type: queue, maxRunning: type.maxScheduled || null }])
  await moveLanes(db, dialect, movedAtOnce)
  write.wake('jobs')
}
