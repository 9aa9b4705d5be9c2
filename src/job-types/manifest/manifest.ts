import { compileCheck } from './configuration-schema.ts'
import { type Fault, finding, shorten, type Warning } from './finding.ts'
import { checkManifestRules } from './rules.ts'
import { SeedManifest } from './schema.ts'

/** A valid manifest, or its faults. Warnings do not prevent storing it. */
export interface ManifestReading {
  /** As posted, except for generated error names. Absent when there are faults. */
  readonly manifest: SeedManifest | undefined
  readonly faults: readonly Fault[]
  readonly warnings: readonly Warning[]
}

const checkSchema = compileCheck(SeedManifest, 'manifest')
const maxErrorNameChars = 50
const standardResources = new Set(['cpus', 'mem', 'disk', 'gpus', 'sharedmem'])

/** Parses the manifest of a request: first by the schema, then by the rules over several fields. */
export function parseManifest(value: unknown): ManifestReading {
  const { value: manifest, faults } = checkSchema(value)
  if (faults) return { manifest: undefined, faults: faults.map((text) => finding('JSON_VALIDATION_ERROR', text)), warnings: [] }
  const broken = checkManifestRules(manifest)
  if (broken.length > 0) return { manifest: undefined, faults: broken, warnings: [] }
  const named = nameErrors(manifest)
  return { manifest: named.manifest, faults: [], warnings: [...warnOfResources(manifest), ...named.warnings] }
}

/** Gives each error without a name a name made from its title or code. */
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

/** The code is converted by `BigInt`, which never writes an exponent. */
function nameFor({ title, code }: { title?: string; code: number }): string {
  const name = title
    ? title
        .slice(0, 1000)
        .toLowerCase()
        .replace(/[^a-z0-9_]+/g, '-')
    : `error-${BigInt(code)}`
  return name.slice(0, maxErrorNameChars)
}

/** Tracks used names; a repeated name gets a number as suffix. */
class TakenNames {
  readonly #names: Set<string>
  /** The next number to try for each stem, so that similar names do not try all numbers again. */
  readonly #next = new Map<string, number>()

  constructor(names: readonly string[]) {
    this.#names = new Set(names)
  }

  addLike(base: string): string {
    const stem = base.slice(0, maxErrorNameChars - 8)
    let name = base
    for (let next = this.#next.get(stem) ?? 2; this.#names.has(name); next++) {
      const suffix = `-${next}`
      name = base.slice(0, maxErrorNameChars - suffix.length) + suffix
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
