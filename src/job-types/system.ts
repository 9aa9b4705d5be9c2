import { randomUUID } from 'node:crypto'
import { conflict } from '../base/errors.ts'
import type { Context } from '../context.ts'
import { nextNumber } from '../store/counter.ts'
import type { Write } from '../store/store.ts'
import { defaultConfiguration } from './configuration.ts'
import type { JobType, JobTypeRef } from './job-type.ts'
import { insertRevision } from './revision-store.ts'
import { findJobType, findNameOwner, flag, insertJobType, updateJobType } from './store.ts'

/** What the types of the hub have: one version with one revision, whose code is what the process has loaded. */
export const systemVersion = { version: '1.0.0', revisionNum: 1 } as const

/** A type of the hub itself: a function, or the pipelines of flows. */
export interface SystemType extends Pick<JobType, 'name' | 'title' | 'description' | 'mode' | 'priority' | 'maxScheduled' | 'maxTries'> {
  /** `systemVersion` unless given. */
  readonly version?: string
  readonly kind: Exclude<JobType['kind'], 'container'>
}

/**
 * Stores the hub's own types in the registry, at each start and in every process: new ones are added, changed ones
 * are updated, and pauses stay. Throws `conflict` when a user has registered a type of that name.
 */
export async function saveSystemTypes(ctx: Pick<Context, 'store' | 'clock'>, types: readonly SystemType[]): Promise<void> {
  for (const type of types) {
    const version = type.version ?? systemVersion.version
    const known = await findJobType(ctx.store.db, { name: type.name, version })
    if (known?.isSystem && isSame(known, type)) continue
    await ctx.store.write((write) => saveSystemType(write, { ...type, version }, ctx.clock()))
  }
}

const isSame = (known: JobType, type: SystemType) =>
  (['title', 'description', 'mode', 'kind', 'priority', 'maxScheduled', 'maxTries'] as const).every((key) => known[key] === type[key])

async function saveSystemType(write: Write, type: SystemType & { version: string }, now: number): Promise<void> {
  const { db } = write
  const { name, version, title, description, kind, mode, priority } = type
  if ((await findNameOwner(db, name)) === 'user') {
    throw conflict(`a container job type is registered as ${name}; give the function another name`)
  }
  const values = { title, description, kind, mode, priority, max_scheduled: type.maxScheduled, max_tries: type.maxTries, updated_at: now }
  if (await update(write, { name, version }, values)) return
  const no = await nextNumber(db, 'job_type')
  // Another process that started at the same time may have stored it while this one waited for the number.
  if (await update(write, { name, version }, values)) return
  const id = randomUUID()
  await insertJobType(db, { ...systemDefaults, id, no, name, version, ...values, created_at: now })
  await insertRevision(db, { typeId: id, revisionNum: systemVersion.revisionNum, dockerImage: '', manifest: '{}', createdAt: now })
  write.change('job_type', id, 'created')
}

async function update(write: Write, ref: JobTypeRef, values: Parameters<typeof updateJobType>[2]): Promise<boolean> {
  const known = await findJobType(write.db, ref)
  if (!known) return false
  await updateJobType(write.db, known.id, values)
  write.change('job_type', known.id, 'updated')
  return true
}

const systemDefaults = {
  icon_code: null,
  docker_image: '',
  is_system: flag(true),
  is_published: flag(false),
  is_active: flag(true),
  is_paused: flag(false),
  deprecated_at: null,
  paused_at: null,
  unmet_resources: null,
  revision_num: systemVersion.revisionNum,
  manifest: '{}',
  configuration: JSON.stringify(defaultConfiguration),
} as const
