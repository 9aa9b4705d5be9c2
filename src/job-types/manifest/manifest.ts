import { compileCheck } from './configuration-schema.ts'
import { type Fault, finding, shorten, type Warning } from './finding.ts'
import { checkManifestRules } from './rules.ts'
import { SeedManifest } from './schema.ts'

/** A manifest that may be stored, or what is wrong with it. Warnings never stand in the way. */
export interface ManifestReading {
  /** As it was posted, but for error names that were filled in. Absent when there are faults. */
  readonly manifest: SeedManifest | undefined
  readonly faults: readonly Fault[]
  readonly warnings: readonly Warning[]
}

const checkSchema = compileCheck(SeedManifest, 'manifest')
const longestErrorName = 50
const standardResources = new Set(['cpus', 'mem', 'disk', 'gpus', 'sharedmem'])

/** Turns what a request carries into a manifest: the schema first, then the rules that span fields. */
export function parseManifest(value: unknown): ManifestReading {
  const { value: manifest, faults } = checkSchema(value)
  if (faults) return { manifest: undefined, faults: faults.map((text) => finding('JSON_VALIDATION_ERROR', text)), warnings: [] }
  const broken = checkManifestRules(manifest)
  if (broken.length > 0) return { manifest: undefined, faults: broken, warnings: [] }
  const named = nameErrors(manifest)
  return { manifest: named.manifest, faults: [], warnings: [...warnOfResources(manifest), ...named.warnings] }
}

/** Gives each error without a name one that is made from its title or code. */
function nameErrors(manifest: SeedManifest): { manifest: SeedManifest; warnings: Warning[] } {
  const errors = manifest.job.errors ?? []
  const taken = new TakenNames(errors.flatMap((error) => error.name ?? []))
  const warnings: Warning[] = []
  const named = errors.map((error, at) => {
    if (error.name !== undefined) return error
    const name = taken.addLike(nameFor(error))
    warnings.push(finding('MISSING_ERROR_NAME', `manifest.job.errors[${at}] has no name; it is stored as ${name}`))
    return { ...error, name }
  })
  if (warnings.length === 0) return { manifest, warnings }
  return { manifest: { ...manifest, job: { ...manifest.job, errors: named } }, warnings }
}

/** The code goes through `BigInt`, which never writes an exponent. */
function nameFor({ title, code }: { title?: string; code: number }): string {
  const name = title
    ? title
        .slice(0, 1000)
        .toLowerCase()
        .replace(/[^a-z0-9_]+/g, '-')
    : `error-${BigInt(code)}`
  return name.slice(0, longestErrorName)
}

/** Names that are given; a further one gets a number behind it if need be. */
class TakenNames {
  readonly #names: Set<string>
  /** The next number to try, by the part of a name that no number takes the place of: names that are alike need not try them all. */
  readonly #next = new Map<string, number>()

  constructor(names: readonly string[]) {
    this.#names = new Set(names)
  }

  addLike(base: string): string {
    const stem = base.slice(0, longestErrorName - 8)
    let name = base
    for (let next = this.#next.get(stem) ?? 2; this.#names.has(name); next++) {
      const suffix = `-${next}`
      name = base.slice(0, longestErrorName - suffix.length) + suffix
      this.#next.set(stem, next + 1)
    }
    this.#names.add(name)
    return name
  }
}

function warnOfResources(manifest: SeedManifest): Warning[] {
  const unusual = (manifest.job.resources?.scalar ?? []).filter(({ name }) => !standardResources.has(name.toLowerCase()))
  return unusual.map(({ name }) => finding('NONSTANDARD_RESOURCE', `${shorten(name)} is no standard resource; a job waits until a node offers it`))
}
