import { posix } from 'node:path'
import { Type } from 'typebox'
import { compileCheck } from './manifest/configuration-schema.ts'
import { type Fault, finding, shorten, type Warning } from './manifest/finding.ts'
import type { SeedManifest } from './manifest/schema.ts'

/** Smaller runs first; the default for Seed types. */
const defaultPriority = 100
/** The largest value of an integer column in other job systems; larger numbers are typing errors. */
export const maxInteger = 2_147_483_647

const texts = { type: 'object', additionalProperties: { type: 'string' } } as const
const closed = (properties: object) => ({ properties, additionalProperties: false })
const host = { ...closed({ type: { const: 'host' }, host_path: { type: 'string' } }), required: ['host_path'] }
const volume = closed({ type: { const: 'volume' }, driver: { type: 'string' }, driver_opts: texts })

/** The schema of a posted configuration: how jobs of a type run on this hub. Every member is optional. */
const PostedConfiguration = Type.Unsafe<Partial<JobConfiguration>>({
  type: 'object',
  ...closed({
    mounts: {
      type: 'object',
      additionalProperties: {
        type: 'object',
        discriminator: { propertyName: 'type' },
        required: ['type'],
        oneOf: [host, volume],
      },
    },
    output_workspaces: { type: 'object', ...closed({ default: { type: 'string' }, outputs: texts }) },
    priority: { type: 'integer', minimum: 1, maximum: maxInteger },
    settings: texts,
  }),
})

/** The target of a mount of the manifest: a folder of the host, or a volume of the container engine. */
type Mount =
  | { readonly type: 'host'; readonly host_path: string }
  | { readonly type: 'volume'; readonly driver?: string; readonly driver_opts?: Readonly<Record<string, string>> }

/** The configuration of a job type. The wire and the container use the same form, so the names are theirs. */
export interface JobConfiguration {
  readonly mounts: Readonly<Record<string, Mount>>
  /** Labels of output stores: one for all outputs, and exceptions for single outputs. */
  readonly output_workspaces: { readonly default?: string; readonly outputs?: Readonly<Record<string, string>> }
  readonly priority: number
  readonly settings: Readonly<Record<string, string>>
}

const checkSchema = compileCheck(PostedConfiguration, 'configuration')
const versions = new Set<unknown>(['6', '7', '2.0'])

/** A configuration with all defaults, or its faults. */
export type ConfigurationReading =
  | { readonly configuration: JobConfiguration; readonly faults: readonly [] }
  | { readonly configuration?: undefined; readonly faults: readonly Fault[] }

/** Parses the configuration of a request. Descriptions of faults never quote a value, since it may be a secret. */
export function parseConfiguration(value: Readonly<Record<string, unknown>>): ConfigurationReading {
  const { version, ...rest } = value
  if (version !== undefined && !versions.has(version)) {
    return { faults: [finding('INVALID_VERSION', 'configuration.version must be 6, 7 or 2.0, or be left out')] }
  }
  const { value: posted, faults } = checkSchema(rest)
  if (faults) return { faults: faults.map((text) => finding('INVALID_CONFIGURATION', text)) }
  const relative = Object.entries(posted.mounts ?? {}).filter(([, mount]) => mount.type === 'host' && !posix.isAbsolute(mount.host_path))
  if (relative.length > 0) {
    return { faults: relative.map(([name]) => finding('HOST_ABSOLUTE_PATH', `host_path of mount ${shorten(name)} must be absolute`)) }
  }
  return { configuration: fillDefaults(posted), faults: [] }
}

/** The configuration of a type that was registered without one. */
export const defaultConfiguration: JobConfiguration = fillDefaults({})

function fillDefaults(posted: Partial<JobConfiguration>): JobConfiguration {
  const { default: label, outputs = {} } = posted.output_workspaces ?? {}
  return {
    mounts: Object.fromEntries(Object.entries(posted.mounts ?? {}).map(([name, mount]) => [name, fillMount(mount)])),
    output_workspaces: label ? { outputs, default: label } : { outputs },
    priority: posted.priority ?? defaultPriority,
    settings: posted.settings ?? {},
  }
}

function fillMount(mount: Mount): Mount {
  if (mount.type === 'host') return mount
  const { driver, driver_opts = {} } = mount
  return driver ? { type: 'volume', driver, driver_opts } : { type: 'volume', driver_opts }
}

/** Warnings for mounts and settings that only the manifest or only the configuration names. */
export function compareWithManifest(configuration: JobConfiguration, manifest: SeedManifest): Warning[] {
  const { mounts = [], settings = [] } = manifest.job.interface ?? {}
  const mountNames = compareNames(mounts, configuration.mounts)
  const settingNames = compareNames(settings, configuration.settings)
  return [
    ...mountNames.missing.map((name) => finding('MISSING_MOUNT', `mount ${name} has no configuration`)),
    ...mountNames.unknown.map((name) => finding('UNKNOWN_MOUNT', `the manifest has no mount ${name}`)),
    ...settingNames.missing.map((name) => finding('MISSING_SETTING', `setting ${name} has no value`)),
    ...settingNames.unknown.map((name) => finding('UNKNOWN_SETTING', `the manifest has no setting ${name}`)),
  ]
}

function compareNames(declared: readonly { name: string }[], configured: object): { missing: string[]; unknown: string[] } {
  const [wanted, given] = [new Set(declared.map(({ name }) => name)), new Set(Object.keys(configured))]
  return {
    missing: [...wanted].filter((name) => !given.has(name)).map(shorten),
    unknown: [...given].filter((name) => !wanted.has(name)).map(shorten),
  }
}
