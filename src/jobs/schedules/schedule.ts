import { Cron } from 'croner'
import { nextDueAt, parsePeriod } from '../../base/period.ts'

/** Planned times in milliseconds since 1970, UTC. */
export interface Schedule {
  /** The rule as text: one that differs starts anew. */
  readonly rule: string
  /** What becomes of runs that were due while nobody could start them. */
  readonly missedRuns: 'skip' | 'once' | 'all'
  /** The first planned time after `after`; `planned` is one that was planned before, by which a period keeps its rhythm. */
  next(after: number, planned?: number): number
  /** The planned times from `planned`, which is one, to `until`: the last `most` of them, in order. */
  between(planned: number, until: number, most: number): number[]
}

const missedWords = ['skip', 'once', 'all'] as const

/** What a function says of its schedule. Anything may stand there: a module can be plain JavaScript. */
export interface ScheduleOptions {
  readonly name: string
  readonly schedule?: unknown
  readonly timezone?: unknown
  readonly missedRuns?: unknown
}

/** Reads the schedule of a function; undefined when it has none. Throws an `Error` that names the function and what is wrong. */
export function parseSchedule({ name, schedule, timezone = 'UTC', missedRuns = 'once' }: ScheduleOptions): Schedule | undefined {
  const refuse = (message: string) => new Error(`job type ${name}: ${message}`)
  if (schedule === undefined) return undefined
  if (typeof schedule !== 'string' || typeof timezone !== 'string') throw refuse('schedule and timezone must be texts')
  const missed = missedWords.find((word) => word === missedRuns)
  if (!missed) throw refuse(`missedRuns must be skip, once or all, got ${JSON.stringify(missedRuns)}`)
  try {
    return { missedRuns: missed, ...(/^\s*every\b/.test(schedule) ? periodOf(schedule) : cronOf(schedule, timezone)) }
  } catch (error) {
    throw refuse((error as Error).message)
  }
}

type Times = Omit<Schedule, 'missedRuns'>

function periodOf(text: string): Times {
  const period = parsePeriod(text) ?? 0
  return {
    rule: text.trim(),
    next: (after, planned) => nextDueAt(planned ?? after, period, after + 1),
    between(planned, until, most) {
      const count = Math.floor((until - planned) / period) + 1
      const first = Math.max(0, count - most)
      return Array.from({ length: Math.max(0, count - first) }, (_, at) => planned + (first + at) * period)
    },
  }
}

/**
 * At the change of clocks a fixed local time that is skipped is due at the first instant behind the gap, and one that comes twice is
 * due the first time. Fields with a wildcard or a step mean an interval, which goes on in real time.
 */
function cronOf(text: string, timezone: string): Times {
  const cron = parseCron(text.trim(), timezone)
  return {
    rule: `${text.trim().split(/\s+/).join(' ')} ${timezone}`,
    next: (after) => cron.nextRun(new Date(after))?.getTime() ?? never,
    between(planned, until, most) {
      const before = cron.previousRuns(most, new Date(until + 1)).map((date) => date.getTime())
      return [...new Set([...before.filter((at) => at > planned && at <= until), ...(planned <= until ? [planned] : [])])]
        .sort((a, b) => a - b)
        .slice(-most)
    },
  }
}

const never = Number.MAX_SAFE_INTEGER

function parseCron(text: string, timezone: string): Cron {
  if (text.split(/\s+/).length !== 5) throw new Error(`schedule must be like "every 3h" or five fields of cron, got ${JSON.stringify(text)}`)
  let cron: Cron
  try {
    cron = new Cron(text, { timezone, mode: '5-part', fixedTimeRule: 'no-wildcard', paused: true })
    cron.nextRun()
  } catch (error) {
    const isZone = error instanceof Error && /timezone/i.test(error.message)
    if (isZone) throw new Error(`timezone must be a name like "Europe/Berlin", got ${JSON.stringify(timezone)}`, { cause: error })
    const reason = (error as Error).message.replace(/^CronPattern: /, '')
    throw new Error(`schedule ${JSON.stringify(text)} cannot be read: ${reason}`, { cause: error })
  }
  if (!cron.nextRun()) throw new Error(`schedule ${JSON.stringify(text)} has no time to come`)
  return cron
}
