import { compareTexts } from '../base/code-points.ts'
import { queueOf } from '../job-types/job-type.ts'
import { findTypeRevision, listRegistered, type RevisionRef, type TypeRevision } from '../job-types/revision-store.ts'
import type { Db } from '../store/store.ts'
import { defaultRetry } from './backoff.ts'
import type { Program, ProgramKind } from './executor.ts'
import type { Pool } from './job.ts'
import type { RunnableType } from './runnable-type.ts'

/** Where registered types run: users wait for none of them. */
const registeredPool: Pool = 'work'

/**
 * The types that this process can run: functions and pipelines, which are in memory, and what users have registered, which is in the database.
 * `findRunnableType` finds one of either.
 */
export class TypeRegistry {
  readonly #byName: ReadonlyMap<string, RunnableType>
  readonly #kinds: ReadonlySet<ProgramKind>
  #registered: readonly string[] = []

  /** `kinds`: the programs for which there is an executor. Throws when two types have one name. */
  constructor(types: readonly RunnableType[], kinds: Iterable<ProgramKind> = ['function']) {
    this.#kinds = new Set(kinds)
    const byName = new Map<string, RunnableType>()
    for (const type of types) {
      if (byName.has(type.name)) throw new Error(`two job types have the name ${type.name}; rename one of them`)
      byName.set(type.name, type)
    }
    this.#byName = byName
  }

  /** A function or pipeline of this process. */
  find(name: string): RunnableType | undefined {
    return this.#byName.get(name)
  }

  /** The functions and pipelines of this process, in the order of their names. */
  list(): RunnableType[] {
    return [...this.#byName.values()].sort((a, b) => compareTexts(a.name, b.name))
  }

  canRun({ kind }: Program): boolean {
    return this.#kinds.has(kind)
  }

  /** Names of the types of a pool, as jobs carry them; of registered types those that `look` has found. */
  namesOf(pool: Pool): string[] {
    const own = this.list().filter((type) => type.pool === pool)
    return [...own.map((type) => type.name), ...(pool === registeredPool ? this.#registered : [])]
  }

  /** Looks which registered types can be run here. Without an executor for them there is nothing to look up. */
  async look(db: Db): Promise<void> {
    if (!this.#kinds.has('container') && !this.#kinds.has('process')) return
    const all = await listRegistered(db)
    this.#registered = all.filter(({ dockerImage }) => this.#kinds.has(kindOf(dockerImage))).map(queueOf)
  }
}

/**
 * Finds what can be run here by name, version and number of the revision. Looks in memory, then in the database; what the reference leaves open is
 * the highest active version and its newest revision. The result names its revision, which `enqueueJob` stores with the job: all attempts of a job
 * run the same revision. Undefined: there is no such type, or no executor for it.
 */
export async function findRunnableType(db: Db, types: TypeRegistry, ref: RevisionRef): Promise<RunnableType | undefined> {
  const own = types.find(ref.name)
  if (own) return (ref.version ?? own.version) === own.version && (ref.revisionNum ?? own.revisionNum) === own.revisionNum ? own : undefined
  const registered = await findTypeRevision(db, ref)
  const type = registered && registeredType(registered)
  return type && types.canRun(type.program) ? type : undefined
}

/** The type that a stored job was submitted under. */
export async function findTypeOfJob(
  db: Db,
  types: TypeRegistry,
  job: { type: string; revisionNum: number | null },
): Promise<RunnableType | undefined> {
  const ref = parseTypeRef(job.type)
  return ref && findRunnableType(db, types, { ...ref, revisionNum: job.revisionNum ?? undefined })
}

/** Names, versions and revision numbers are shorter than this together. */
const maxRefLength = 500

/** Reads `NAME`, `NAME:VERSION` or `NAME:VERSION:REVISION`. Undefined: the text is none of these. */
export function parseTypeRef(text: string): RevisionRef | undefined {
  if (text.length > maxRefLength) return undefined
  const [name = '', version, revision, ...rest] = text.split(':', 4)
  if (name === '' || version === '' || rest.length > 0 || !text.isWellFormed() || text.includes('\0')) return undefined
  if (revision !== undefined && !/^[1-9]\d{0,8}$/.test(revision)) return undefined
  return { name, version, revisionNum: revision === undefined ? undefined : Number(revision) }
}

/** An image that begins so is a command of this machine. */
const processPrefix = 'process:'
const kindOf = (image: string): ProgramKind => (image.startsWith(processPrefix) ? 'process' : 'container')

/** What a worker needs to run a revision of a registered type. Not public: `POST /job` takes no such jobs yet. */
function registeredType({ jobType, revision }: TypeRevision): RunnableType {
  const { manifest, dockerImage: image, revisionNum } = revision
  const { configuration, priority, maxTries, maxScheduled, version, title, kind, mode } = jobType
  const rest = { manifest, configuration }
  return {
    name: queueOf(jobType),
    version,
    revisionNum,
    title,
    kind,
    mode,
    isPublic: false,
    pool: registeredPool,
    priority,
    timeoutMs: manifest.job.timeout * 1000,
    retry: { ...defaultRetry, maxAttempts: maxTries },
    concurrency: maxScheduled || undefined,
    program:
      kindOf(image) === 'process' ? { kind: 'process', command: image.slice(processPrefix.length), ...rest } : { kind: 'container', image, ...rest },
  }
}
