/** The options of `defineJob` for running a function. */
export interface FunctionOptions {
  readonly name: string
  readonly mode: 'sync' | 'async'
  readonly title?: string | undefined
  readonly timeoutMs?: number | undefined
  readonly concurrency?: number | undefined
  readonly retryable?: boolean | undefined
  readonly maxAttempts?: number | undefined
  readonly priority?: number | undefined
  /** Its schedule: `every <n><s|m|h|d|w>`, or five fields of cron. */
  readonly schedule?: string | undefined
  /** IANA name of the zone in which the fields of cron are read; UTC by default. */
  readonly timezone?: string | undefined
  /** Which runs are made up that were due while no worker ran: none, the last one (by default), or each of the last hundred. */
  readonly missedRuns?: 'skip' | 'once' | 'all' | undefined
}

/** The options with all defaults. */
export interface FunctionSettings {
  readonly timeoutMs: number
  readonly concurrency: number | undefined
  readonly maxAttempts: number
  readonly priority: number
}

const hour = 3_600_000
const modes = {
  sync: { timeoutMs: 30_000, isRetryable: false, priority: 10 },
  async: { timeoutMs: hour, isRetryable: true, priority: 50 },
} as const

const rules: readonly (readonly [keyof FunctionOptions, number, number])[] = [
  ['timeoutMs', 1, 30 * 24 * hour],
  ['concurrency', 1, 10_000],
  ['maxAttempts', 1, 100],
  ['priority', 0, 1_000_000],
]

/** Checks a function's options and fills in the defaults of its mode. Throws an `Error` that names the fault. */
export function functionSettings(options: FunctionOptions): FunctionSettings {
  if (!/^[A-Za-z0-9_.-]{1,255}$/.test(options.name)) throw new Error(`"${options.name}" cannot name a job type; use A-Z, a-z, 0-9, _ . and -`)
  const mode = Object.hasOwn(modes, options.mode) ? modes[options.mode] : undefined
  if (!mode) throw new Error(`job type ${options.name}: mode must be sync or async`)
  if (options.title !== undefined && typeof options.title !== 'string') throw new Error(`job type ${options.name}: title must be a text`)
  for (const [name, least, most] of rules) {
    const value = options[name]
    if (value === undefined || (Number.isInteger(value) && Number(value) >= least && Number(value) <= most)) continue
    throw new Error(`job type ${options.name}: ${name} must be a whole number from ${least} to ${most}, got ${value}`)
  }
  const isRetryable = options.retryable ?? mode.isRetryable
  return {
    timeoutMs: options.timeoutMs ?? mode.timeoutMs,
    concurrency: options.concurrency,
    maxAttempts: isRetryable ? (options.maxAttempts ?? 3) : 1,
    priority: options.priority ?? mode.priority,
  }
}
