import { isIP } from 'node:net'
import { availableParallelism } from 'node:os'
import ipaddr from 'ipaddr.js'

/** One setting: how it is named, read and explained. `--help`, the docs page and the parser all come from this list. */
interface Setting<T> {
  readonly name: string
  /** Shown where the default is not a plain value. */
  readonly defaultText: string
  readonly help: string
  /** Throws an `Error` whose message says what was wanted. `undefined` = not set. */
  readonly parse: (text: string | undefined) => T
}

const setting = <T>(name: string, defaultText: string, help: string) => ({
  as: (parse: (text: string | undefined) => T): Setting<T> => ({ name, defaultText, help, parse }),
})

const text = (fallback: string) => (value: string | undefined) => value ?? fallback
const optional = (value: string | undefined) => value

function whole(fallback: number, least: number, most = Number.MAX_SAFE_INTEGER) {
  return (value: string | undefined) => {
    if (value === undefined) return fallback
    const number = Number(value)
    if (!/^\d+$/.test(value) || number < least || number > most) throw new Error(`a whole number from ${least} to ${most}`)
    return number
  }
}

function optionalWhole(least: number) {
  return (value: string | undefined) => (value === undefined ? undefined : whole(0, least)(value))
}

function oneOf<T extends string>(values: readonly T[], fallback: T) {
  return (value: string | undefined): T => {
    if (value === undefined) return fallback
    const known = values.find((one) => one === value)
    if (known === undefined) throw new Error(`one of ${values.join(', ')}`)
    return known
  }
}

function flag(fallback: boolean) {
  return (value: string | undefined) => {
    if (value === undefined) return fallback
    if (/^(1|true)$/i.test(value)) return true
    if (/^(0|false)$/i.test(value)) return false
    throw new Error('1 or 0 (true, false)')
  }
}

function url(value: string | undefined) {
  if (value === undefined) return undefined
  if (!URL.canParse(value) || !/^https?:/.test(value)) throw new Error('an absolute http or https URL')
  return value.replace(/\/+$/, '')
}

/** Where the data lives: a SQLite file (undefined: in the data folder), or a PostgreSQL URL. */
export type DatabaseAddress = { readonly kind: 'sqlite'; readonly path: string | undefined } | { readonly kind: 'postgres'; readonly url: string }

function databaseAddress(value: string | undefined): DatabaseAddress {
  if (value === undefined) return { kind: 'sqlite', path: undefined }
  const postgres = /^postgres(?:ql)?(?:\+\w+)?:\/\/(.+)$/.exec(value)
  if (postgres) {
    const address = `postgresql://${postgres[1]}`
    if (URL.canParse(address)) return { kind: 'postgres', url: address }
  }
  const sqlite = /^sqlite:(?:\/\/\/)?([^/].*|\/[^/].*)$/.exec(value)
  if (sqlite?.[1]) return { kind: 'sqlite', path: sqlite[1] }
  throw new Error('postgres://…, postgresql://…, sqlite:PATH or sqlite:///PATH')
}

/** A network: its address, and how many of its bits all of its members share. */
export type Network = ReturnType<typeof ipaddr.parseCIDR>

function networks(value: string | undefined): readonly Network[] {
  return (value ?? '')
    .split(/[\s,]+/)
    .filter((one) => one !== '')
    .map((one) => {
      const [address = '', bits] = one.split('/')
      const parsed = isIP(address) === 0 ? undefined : ipaddr.process(address)
      const length = (parsed?.toByteArray().length ?? 0) * 8
      if (!parsed || (bits !== undefined && !(ipaddr.isValidCIDR(one) && Number(bits) <= length)))
        throw new Error('IP addresses or networks such as 10.0.0.0/8, with commas between')
      return [parsed, bits === undefined ? length : Number(bits)]
    })
}

function adminKey(value: string | undefined) {
  if (value !== undefined && !/^[^\s]{16,255}$/.test(value)) throw new Error('at least 16 characters without blanks')
  return value
}

function adminName(value: string | undefined) {
  if (value !== undefined && !/^[A-Za-z0-9_-]{3,255}$/.test(value)) throw new Error('3 to 255 of A-Z, a-z, 0-9, _ and -')
  return value ?? 'admin'
}

function webhookSecrets(value: string | undefined) {
  if (value === undefined) return undefined
  const secrets = value.trim().split(/\s+/)
  const isWanted = (one: string) => {
    const bytes = /^whsec_([A-Za-z0-9+/]+=*)$/.exec(one)?.[1] ?? ''
    const { length } = Buffer.from(bytes, 'base64')
    return length >= 24 && length <= 64
  }
  if (!secrets.every(isWanted)) throw new Error('whsec_ and base64 of 24 to 64 bytes, several with blanks between')
  return secrets
}

const mebibyte = 1024 * 1024

/** Every setting of the hub, by its name in `Config`. */
export const settings = {
  host: setting<string>('HOST', '127.0.0.1', 'address to listen on').as(text('127.0.0.1')),
  port: setting<number>('PORT', '5000', 'port to listen on; 0 takes a free one').as(whole(5000, 0, 65_535)),
  database: setting<DatabaseAddress>(
    'DATABASE_URL',
    'SQLite in the data folder',
    'the database: postgres://…, postgresql://…, sqlite:PATH, or the forms of SQLAlchemy',
  ).as(databaseAddress),
  dataDir: setting<string>('MILLRACE_DATA_DIR', './data', 'folder of the database file, of files and generated secrets').as(text('./data')),
  secret: setting<string | undefined>(
    'MILLRACE_SECRET',
    'generated into the data folder',
    'seals keys and secrets; the same for all processes on one database',
  ).as((value) => {
    if (value !== undefined && value.length < 16) throw new Error('at least 16 characters')
    return value
  }),
  siteUrl: setting<string | undefined>(
    'MILLRACE_SITE_URL',
    'from host and port',
    'address under which people reach the hub; makes its URLs absolute',
  ).as(url),
  trustedProxies: setting<readonly Network[]>(
    'MILLRACE_TRUSTED_PROXIES',
    'none',
    'addresses and networks of proxies whose X-Forwarded-For says who calls, with commas between',
  ).as(networks),
  siteTitle: setting<string>('MILLRACE_SITE_TITLE', 'Millrace', 'name of the hub on pages and in /status').as(text('Millrace')),
  adminUsername: setting<string>('MILLRACE_ADMIN_USERNAME', 'admin', 'name of the first sysadmin').as(adminName),
  adminPassword: setting<string | undefined>(
    'MILLRACE_ADMIN_PASSWORD',
    'generated, shown until it is used',
    'password of the first sysadmin, at least 8 characters; applied whenever set',
  ).as(optional),
  adminApiKey: setting<string | undefined>(
    'MILLRACE_ADMIN_API_KEY',
    'generated, shown until it is used',
    'API key of the first sysadmin; applied whenever set',
  ).as(adminKey),
  jobsDir: setting<string | undefined>('MILLRACE_JOBS', 'none', 'folder with job modules').as(optional),
  concurrency: setting<number>('MILLRACE_CONCURRENCY', 'number of cores', 'attempts that this process runs at once').as(
    whole(availableParallelism(), 1, 1000),
  ),
  authServer: setting<string | undefined>('AUTH_SERVER', 'the hub itself', 'external server that issues tokens for /source').as(optional),
  dppUrl: setting<string | undefined>('DPP_URL', 'the hub itself', 'external pipelines service').as(optional),
  privateKey: setting<string | undefined>('PRIVATE_KEY', 'generated into the database', 'RSA key that signs tokens, PEM').as(optional),
  publicKey: setting<string | undefined>('PUBLIC_KEY', 'of the private key', 'RSA key that checks tokens, PEM').as(optional),
  dockerHost: setting<string | undefined>('DOCKER_HOST', 'unix:///var/run/docker.sock if it answers', 'engine that runs containers').as(optional),
  logLevel: setting<string>('LOG_LEVEL', 'info', 'fatal, error, warn, info, debug, trace or silent').as(
    oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], 'info'),
  ),
  maxBody: setting<number>('MILLRACE_MAX_BODY', '10 MiB', 'bytes of a request body').as(whole(10 * mebibyte, 1024)),
  maxUpload: setting<number>('MILLRACE_MAX_UPLOAD', '10 GiB', 'bytes of an uploaded or fetched file').as(whole(10 * 1024 * mebibyte, 1024)),
  allowPrivateAddresses: setting<boolean | undefined>(
    'MILLRACE_ALLOW_PRIVATE_ADDRESSES',
    '1 while HOST and MILLRACE_SITE_URL (if set) are loopback addresses, else 0',
    'outgoing requests may reach loopback and private addresses',
  ).as((value) => (value === undefined ? undefined : flag(false)(value))),
  sslVerify: setting<boolean>('MILLRACE_SSL_VERIFY', '1', 'check TLS certificates of outgoing requests').as(flag(true)),
  publicRead: setting<boolean>('MILLRACE_PUBLIC_READ', '1', '0: anonymous callers may not read the catalogue').as(flag(true)),
  publicMetrics: setting<boolean>(
    'MILLRACE_PUBLIC_METRICS',
    '0',
    '1: anybody may read /metrics; otherwise sysadmins and callers on the machine of the hub',
  ).as(flag(false)),
  packageEditing: setting<'wiki' | 'owners'>('MILLRACE_PACKAGE_EDITING', 'wiki', 'who edits datasets: any user (wiki) or their owners').as(
    oneOf(['wiki', 'owners'], 'wiki'),
  ),
  userCreation: setting<'users' | 'sysadmins'>('MILLRACE_USER_CREATION', 'users', 'who makes users: any user or sysadmins').as(
    oneOf(['users', 'sysadmins'], 'users'),
  ),
  licences: setting<string | undefined>('MILLRACE_LICENCES', 'none', 'JSON file with licences').as(optional),
  keepJobsDays: setting<number>('MILLRACE_KEEP_JOBS_DAYS', '10', 'days that finished jobs are kept').as(whole(10, 0, 36_500)),
  maxQueueWait: setting<number | undefined>('MILLRACE_MAX_QUEUE_WAIT', 'none', 'seconds that a function job may wait for its start').as(
    optionalWhole(1),
  ),
  callbackTimeout: setting<number>('MILLRACE_CALLBACK_TIMEOUT', '10', 'seconds that a callback may take').as(whole(10, 1, 3600)),
  webhookSecret: setting<readonly string[] | undefined>(
    'MILLRACE_WEBHOOK_SECRET',
    'generated into the database',
    'signs callbacks: whsec_ and base64 of 24 to 64 bytes; while it is replaced two of them, the new one first, with a blank between',
  ).as(webhookSecrets),
  hostMounts: setting<string | undefined>('MILLRACE_HOST_MOUNTS', 'none', 'folders that containers may mount').as(optional),
  containerNetwork: setting<string>('MILLRACE_CONTAINER_NETWORK', 'none', 'network of containers').as(text('none')),
  containerStaging: setting<'bind' | 'volume'>('MILLRACE_CONTAINER_STAGING', 'bind', 'how containers get their files').as(
    oneOf(['bind', 'volume'], 'bind'),
  ),
  processCommands: setting<string | undefined>('MILLRACE_PROCESS_COMMANDS', 'none', 'commands that may run as jobs without a container').as(optional),
  kubernetesNamespace: setting<string | undefined>('MILLRACE_KUBERNETES_NAMESPACE', 'none', 'runs containers as Kubernetes Jobs there').as(optional),
  sourceMaxDatasets: setting<number>('MILLRACE_SOURCE_MAX_DATASETS', '100', 'datasets that a user may publish by /source').as(whole(100, 0)),
  sourceHooks: setting<string | undefined>('MILLRACE_SOURCE_HOOKS', 'none', 'URL that is told of each ended flow').as(url),
} as const

type Parsed = { readonly [K in keyof typeof settings]: ReturnType<(typeof settings)[K]['parse']> }

/** All settings, parsed and frozen. */
export type Config = Parsed & {
  /** Absolute URL of the hub without a trailing slash. With `PORT=0` and no `MILLRACE_SITE_URL` it is known once the hub listens. */
  readonly siteUrl: string
}

/** The own address of each hub that has no public name. */
const ownAddresses = new WeakMap<Config, { url: string }>()

/** Thrown with one line for each wrong setting. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/** Names that look like settings and are none, most likely misspelled. Those of the tests are not meant. */
export function strangeNames(environment: Readonly<Record<string, string | undefined>>): string[] {
  const known = new Set<string>(Object.values(settings).map((one) => one.name))
  return Object.keys(environment).filter((name) => /^MILLRACE_(?!TEST_)/.test(name) && !known.has(name))
}

/** Reads the settings; an empty value counts as not set. Throws a `ConfigError` that lists all faults. */
export function parseConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const faults: string[] = []
  const entries = Object.entries(settings).map(([key, { name, parse }]) => {
    const value = environment[name] || undefined
    try {
      return [key, parse(value)]
    } catch (error) {
      faults.push(`${name}: wanted ${(error as Error).message}, got ${JSON.stringify(isSecret(name) ? '…' : value)}`)
      return [key, undefined]
    }
  })
  if (faults.length > 0) throw new ConfigError(faults.join('\n'))
  const parsed = Object.fromEntries(entries) as Parsed
  const own = { url: localUrl(parsed.host, parsed.port) }
  const config: Config = Object.freeze({
    ...parsed,
    get siteUrl() {
      return parsed.siteUrl ?? own.url
    },
  })
  ownAddresses.set(config, own)
  return config
}

/** Tells the settings where the hub listens: the port may be one that the system chose. */
export function noteOwnAddress(config: Config, url: string): void {
  const own = ownAddresses.get(config)
  if (own) own.url = url
}

/** The address of a hub that has no public name. */
export function localUrl(host: string, port: number): string {
  const shown = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  return `http://${shown.includes(':') ? `[${shown}]` : shown}:${port}`
}

const isSecret = (name: string) => /PASSWORD|SECRET|KEY|DATABASE_URL/.test(name)
