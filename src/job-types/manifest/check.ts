import { invalid } from '../../base/errors.ts'
import type { Context } from '../../context.ts'
import { compareWithManifest, defaultConfiguration, type JobConfiguration, parseConfiguration } from '../configuration.ts'
import { demand } from '../policy.ts'
import type { Fault, Finding, Warning } from './finding.ts'
import { parseManifest } from './manifest.ts'
import type { SeedManifest } from './schema.ts'

/** An unchecked object of a request. */
export type Unchecked = Readonly<Record<string, unknown>>

export interface Verdict {
  readonly faults: readonly Fault[]
  readonly warnings: readonly Warning[]
}

/** Returns the faults and warnings of a manifest and its configuration, and stores nothing. Throws `forbidden` for anonymous callers. */
export function validateJobType(ctx: Pick<Context, 'actor'>, posted: { manifest: Unchecked; configuration?: Unchecked }): Verdict {
  demand(ctx.actor, 'validate')
  const { manifest, faults, warnings } = parseManifest(posted.manifest)
  const reading = parseConfiguration(posted.configuration ?? {})
  const comparison = manifest && reading.configuration ? compareWithManifest(reading.configuration, manifest) : []
  return { faults: [...faults, ...reading.faults], warnings: [...comparison, ...warnings] }
}

/** A manifest that is to be stored. Throws `invalid`. */
export function requireManifest(posted: Unchecked): { manifest: SeedManifest; warnings: readonly Warning[] } {
  const { manifest, faults, warnings } = parseManifest(posted)
  if (!manifest) throw rejected('manifest', faults)
  return { manifest, warnings: warnings.filter(({ name }) => name === 'MISSING_ERROR_NAME') }
}

/** A configuration that is to be stored, the default one when none is given. Throws `invalid`. */
export function requireConfiguration(posted: Unchecked | undefined): JobConfiguration {
  if (!posted) return defaultConfiguration
  const { configuration, faults } = parseConfiguration(posted)
  if (!configuration) throw rejected('configuration', faults)
  return configuration
}

const shownFaults = 10

function rejected(part: string, faults: readonly Finding[]) {
  const sentences = faults.slice(0, shownFaults).map(({ name, description }) => `${name}: ${description}`)
  const more = faults.length > shownFaults ? ` (and ${faults.length - shownFaults} more)` : ''
  return invalid({ [part]: sentences }, sentences.join('; ') + more)
}
