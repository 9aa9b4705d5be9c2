import { UnreadableTable } from '../faults.ts'
import { type CalendarParts, isDay, isTime, newParts } from './calendar.ts'

const months = ['january', 'february', 'march', 'april', 'may', 'june', 'july', 'august', 'september', 'october', 'november', 'december']
const weekdays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday']
const shortNames = (names: readonly string[]) => names.map((name) => name.slice(0, 3))

interface Draft extends CalendarParts {
  isAfternoon?: boolean
  dayOfYear?: number
  /** Monday is 1. */
  weekday?: number
}

interface Directive {
  readonly source: string
  /** With a fixed number of digits: next to another number, only the width shows where it ends. */
  readonly fixed?: string
  readonly set: (draft: Draft, text: string) => void
}

const alternatives = (names: readonly string[]) => names.join('|')
const skip = () => undefined
const nameIndex = (names: readonly string[], text: string) => names.indexOf(text.toLowerCase()) + 1

/** `Z`, `+02:00`, `-0330` or `+02`. */
export const offsetForm = 'Z|[+-](?:[01]\\d|2[0-3])(?::?[0-5]\\d)?'

/** The offset of such a text in minutes east of UTC. */
export function offsetMinutes(text: string): number {
  const parts = /^([+-])(\d{2}):?(\d{2})?/.exec(text)
  if (!parts) return 0
  const minutes = Number(parts[2]) * 60 + Number(parts[3] ?? 0)
  return parts[1] === '-' ? -minutes : minutes
}

const number = (source: string, key: keyof CalendarParts, fixed = source): Directive => ({
  source,
  fixed,
  set: (draft, text) => {
    draft[key] = Number(text)
  },
})

function weekday(names: readonly string[]): Directive {
  return {
    source: alternatives(names),
    set: (draft, text) => {
      draft.weekday = nameIndex(names, text)
    },
  }
}

/** Widths as Python's strptime reads them: months, days and times may have one digit. */
const directives: Readonly<Record<string, Directive>> = {
  Y: number('\\d{4}', 'year'),
  y: {
    source: '\\d{2}',
    set: (draft, text) => {
      draft.year = Number(text) + (Number(text) < 69 ? 2000 : 1900)
    },
  },
  m: number('1[0-2]|0?[1-9]', 'month', '1[0-2]|0[1-9]'),
  d: number('3[01]|[12]\\d|0?[1-9]', 'day', '3[01]|[12]\\d|0[1-9]'),
  e: number('3[01]|[12]\\d|\\s?[1-9]', 'day'),
  H: number('2[0-3]|[01]?\\d', 'hour', '2[0-3]|[01]\\d'),
  I: number('1[0-2]|0?[1-9]', 'hour', '1[0-2]|0[1-9]'),
  M: number('[0-5]?\\d', 'minute', '[0-5]\\d'),
  S: number('[0-5]?\\d', 'second', '[0-5]\\d'),
  f: {
    source: '\\d{1,6}',
    set: (draft, text) => {
      draft.microsecond = Number(text.padEnd(6, '0'))
    },
  },
  p: {
    source: '[ap]m',
    set: (draft, text) => {
      draft.isAfternoon = text.toLowerCase() === 'pm'
    },
  },
  z: {
    source: offsetForm,
    set: (draft, text) => {
      draft.offsetMinutes = offsetMinutes(text)
    },
  },
  Z: { source: 'UTC|GMT', set: skip },
  j: {
    source: '36[0-6]|3[0-5]\\d|[12]\\d{2}|0?[1-9]\\d|0{0,2}[1-9]',
    fixed: '36[0-6]|3[0-5]\\d|[12]\\d{2}|0[1-9]\\d|00[1-9]',
    set: (draft, text) => {
      draft.dayOfYear = Number(text)
    },
  },
  B: {
    source: alternatives(months),
    set: (draft, text) => {
      draft.month = nameIndex(months, text)
    },
  },
  b: {
    source: alternatives(shortNames(months)),
    set: (draft, text) => {
      draft.month = nameIndex(shortNames(months), text)
    },
  },
  A: weekday(weekdays),
  a: weekday(shortNames(weekdays)),
}
const shorthands: Readonly<Record<string, string>> = { D: '%m/%d/%y', F: '%Y-%m-%d', T: '%H:%M:%S', R: '%H:%M', h: '%b' }

/** Maximum characters of a date format, and of a text that is parsed by one. */
const maxFormatLength = 200
export const maxDateLength = 400

/**
 * Compiles a strptime pattern into a reader of texts. Throws `UnreadableTable` for an unknown directive and, as Python does, for one that is used
 * twice: each directive once and of bounded width bounds the number of ways that the expression tries, for every format.
 */
export function compileDatePattern(pattern: string): (text: string) => CalendarParts | undefined {
  if (pattern.length > maxFormatLength)
    throw new UnreadableTable(`a date format has ${pattern.length} characters; at most ${maxFormatLength} are allowed`)
  const setters: Directive['set'][] = []
  const letters = new Set<string>()
  const expanded = pattern.replace(/%([DFTRh])/g, (_, letter: string) => shorthands[letter] ?? '')
  const source = expanded.replace(/%(.?)|\s+|[^%\s]/gs, (piece, letter: string | undefined, at: number) => {
    if (letter === undefined) return /\s/.test(piece) ? '\\s+' : escapeRegExp(piece)
    if (letter === '%') return '%'
    const directive = directives[letter]
    if (!directive) throw new UnreadableTable(`the date format ${JSON.stringify(pattern)} has the unknown directive %${letter}`)
    if (letters.has(letter)) throw new UnreadableTable(`the date format ${JSON.stringify(pattern)} has %${letter} twice`)
    letters.add(letter)
    setters.push(directive.set)
    const isBesideNumber = /%[YymdeHIMSfj]$/.test(expanded.slice(Math.max(0, at - 2), at)) || /^%[YymdeHIMSfj]/.test(expanded.slice(at + 2))
    return `(${isBesideNumber ? (directive.fixed ?? directive.source) : directive.source})`
  })
  const expression = new RegExp(`^${source}$`, 'i')
  return (text) => {
    const found = text.length > maxDateLength ? undefined : expression.exec(text)
    if (!found) return undefined
    const draft: Draft = newParts()
    setters.forEach((set, index) => {
      set(draft, found[index + 1] ?? '')
    })
    return finish(draft)
  }
}

const escapeRegExp = (text: string) => text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&')

function finish(draft: Draft): CalendarParts | undefined {
  if (draft.isAfternoon !== undefined) draft.hour = (draft.hour % 12) + (draft.isAfternoon ? 12 : 0)
  if (draft.dayOfYear !== undefined) {
    const date = new Date(0)
    date.setUTCFullYear(draft.year, 0, draft.dayOfYear)
    if (date.getUTCFullYear() !== draft.year) return undefined
    draft.month = date.getUTCMonth() + 1
    draft.day = date.getUTCDate()
  }
  const isRight = isDay(draft.year, draft.month, draft.day) && isTime(draft.hour, draft.minute, draft.second) && fitsWeekday(draft)
  return isRight ? draft : undefined
}

function fitsWeekday({ year, month, day, weekday }: Draft): boolean {
  if (weekday === undefined) return true
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  return date.getUTCDay() === weekday % 7
}

/** The directives of a strptime pattern: `Ymd`. */
export function directivesOf(pattern: string): readonly string[] {
  const expanded = pattern.replace(/%([DFTRh])/g, (_, letter: string) => shorthands[letter] ?? '')
  return [...expanded.matchAll(/%(.?)/gs)].map((found) => found[1] ?? '')
}
