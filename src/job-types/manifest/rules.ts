import { posix } from 'node:path'
import { type Fault, finding, shorten } from './finding.ts'
import type { SeedManifest } from './schema.ts'

/** The name under which a container finds an input, a setting or an allocated resource. */
const environmentName = (name: string): string => name.toUpperCase().replaceAll('-', '_')

/** The rules that a schema cannot express. The manifest must have passed the schema. */
export function checkManifestRules(manifest: SeedManifest): Fault[] {
  return [...checkResources(manifest), ...checkEnvironment(manifest), ...checkMounts(manifest), ...checkErrorNames(manifest)]
}

function checkResources({ job }: SeedManifest): Fault[] {
  const broken = (job.resources?.scalar ?? []).filter(({ name, value }) => name.toLowerCase() === 'gpus' && !Number.isInteger(value))
  return broken.map(() => finding('JSON_VALIDATION_ERROR', 'manifest.job.resources: gpus must be a whole number'))
}

/** All names of environment variables must differ after upper-casing. */
function checkEnvironment({ job }: SeedManifest): Fault[] {
  const { inputs, settings } = job.interface ?? {}
  const variables = [
    { variable: 'OUTPUT_DIR', what: 'the output folder' },
    ...named(settings, 'setting'),
    ...named(inputs?.files, 'file input'),
    ...named(inputs?.json, 'JSON input'),
    ...(job.resources?.scalar ?? []).map(({ name }) => ({ variable: `ALLOCATED_${environmentName(name)}`, what: `resource ${shorten(name)}` })),
  ]
  const owners = new Map<string, string>()
  return variables.flatMap(({ variable, what }) => {
    const owner = owners.get(variable)
    if (owner === undefined) owners.set(variable, what)
    return owner === undefined ? [] : [finding('NAME_COLLISION_ERROR', `${what} and ${owner} share the environment variable ${shorten(variable)}`)]
  })
}

const named = (list: readonly { name: string }[] | undefined, what: string) =>
  (list ?? []).map(({ name }) => ({ variable: environmentName(name), what: `${what} ${shorten(name)}` }))

function checkMounts({ job }: SeedManifest): Fault[] {
  const mounts = job.interface?.mounts ?? []
  const doubled = repeated(mounts.map(({ name }) => name))
  const relative = mounts.filter(({ path }) => !posix.isAbsolute(path))
  return [
    ...doubled.map((name) => finding('DUPLICATE_MOUNT_NAMES', `there is more than one mount ${shorten(name)}`)),
    ...relative.map(({ name }) => finding('INVALID_MOUNT_PATH', `the path of mount ${shorten(name)} must be absolute`)),
  ]
}

function checkErrorNames({ job }: SeedManifest): Fault[] {
  const doubled = repeated((job.errors ?? []).flatMap(({ name }) => name ?? []))
  return doubled.map((name) => finding('DUPLICATE_ERROR_NAMES', `there is more than one error ${shorten(name)}`))
}

/** The names that occur more than once, each once. */
function repeated(names: readonly string[]): string[] {
  const [seen, doubled] = [new Set<string>(), new Set<string>()]
  for (const name of names) (seen.has(name) ? doubled : seen).add(name)
  return [...doubled]
}
