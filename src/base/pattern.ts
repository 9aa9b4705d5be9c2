import { RE2JS } from 're2js'

/** Characters that a pattern may have. */
export const maxPatternLength = 1_000
/** See `patternSize`. */
const maxPatternSize = 5_000
/** A Unicode property is one step, but compiling it takes as long as this many. */
const propertySize = 50

/** A refused pattern. The message continues a sentence that names the place of the pattern. */
export class PatternError extends Error {
  override readonly name = 'PatternError'
}

/** The groups of a match, by number and by name; the whole match is group 0. A group that did not match is undefined. */
export type Groups = Readonly<Record<string, string | undefined>>

/** A compiled pattern. The time of one match is linear in the length of the text, for every pattern. */
export interface Pattern {
  /** Whether it matches a part of the text. */
  test(text: string): boolean
  /** Whether it matches the whole text. */
  fitsWhole(text: string): boolean
  /** Its groups if it matches the whole text, else undefined. */
  wholeGroups(text: string): Groups | undefined
  /** Replaces each match with the result of `by` for its groups. */
  replaceAll(text: string, by: (groups: Groups) => string): string
  /** Whether it has a group of this number or name. */
  hasGroup(name: string): boolean
}

/**
 * Compiles a regular expression from untrusted input (a schema, a spec, a manifest). No other code may do that: this engine does
 * not backtrack, so no pattern can block a process. Throws a `PatternError` for unsupported syntax and above the two limits.
 *
 * The syntax is RE2's: `\d`, `\w`, `\s` and `\b` mean ASCII, `.` is any character but a newline, `$` is the end of the text.
 * JavaScript's `\uXXXX`, `\u{X}` and `\p{Script=X}` and Python's `(?P<name>…)` are supported as well.
 */
export function compilePattern(source: string): Pattern {
  if (source.length > maxPatternLength) throw new PatternError(`has ${source.length} characters; a pattern may have at most ${maxPatternLength}`)
  const size = patternSize(source)
  if (size > maxPatternSize)
    throw new PatternError(`${shown(source)} repeats too much: it has ${size} steps when written out; at most ${maxPatternSize} are allowed`)
  const compiled = compile(source)
  const names = compiled.namedGroups()
  const numbers = [...Array(compiled.groupCount() + 1).keys()]
  return {
    test: (text) => compiled.test(text),
    fitsWhole: (text) => compiled.testExact(text),
    wholeGroups: (text) => {
      const matcher = compiled.matcher(text)
      return matcher.matches() ? groupsOf((at) => matcher.group(at) ?? undefined) : undefined
    },
    replaceAll: (text, by) => compiled.matcher(text).replaceAll((...found: (string | undefined)[]) => by(groupsOf((at) => found[at]))),
    hasGroup: (name) => Object.hasOwn(names, name) || numbers.some((at) => String(at) === name),
  }

  function groupsOf(read: (at: number) => string | undefined): Groups {
    const groups: Record<string, string | undefined> = Object.fromEntries(numbers.map((at) => [at, read(at)]))
    for (const [name, at] of Object.entries(names)) groups[name] = groups[at]
    return groups
  }
}

/** The parts that matter for the size: an escape, a class, a bounded repetition, a bracket, any other character. */
const parts = /\\[pP]|\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\{(?<least>\d{1,4})(?:,(?<most>\d{0,4}))?\}|[()]|./gs

/**
 * About how many steps a pattern has when its repetitions are written out: `(ab){50}` has a hundred. Compiling it takes time and memory in proportion,
 * and each character of a text may visit all of them.
 */
export function patternSize(source: string): number {
  const outer: { size: number; last: number }[] = []
  let [size, last] = [0, 0]
  for (const { 0: part, groups = {} } of source.slice(0, maxPatternLength).matchAll(parts)) {
    const times = Math.max(Number(groups['least'] ?? 1), Number(groups['most'] ?? 1))
    if (part === '(') {
      outer.push({ size, last })
      size = 0
    } else if (part === ')') {
      last = size
      size += outer.pop()?.size ?? 0
    } else if (groups['least'] !== undefined) {
      size += last * (times - 1)
      last *= times
    } else {
      last = 1 + (part.match(/\\[pP]/g)?.length ?? 0) * propertySize
      size += last
    }
  }
  return outer.reduce((sum, group) => sum + group.size, size)
}

function compile(source: string): RE2JS {
  try {
    return RE2JS.compile(inEngineSyntax(source))
  } catch (error) {
    const reason = (error as Error).message.replace('error parsing regexp: ', '')
    throw new PatternError(
      `${shown(source)} is not a regular expression of this hub: ${reason} (look-ahead, look-behind and back-references are not supported)`,
    )
  }
}

/** A JavaScript escape that RE2 spells differently, or any other escape, so that an escaped backslash is skipped with the character after it. */
const escapes = /\\(?:u\{(?<braced>[0-9A-Fa-f]+)\}|u(?<plain>[0-9A-Fa-f]{4})|(?<property>[pP])\{(?:Script|sc|General_Category|gc)=|.)/gs

function inEngineSyntax(source: string): string {
  let text = ''
  let end = 0
  for (const { 0: piece, index, groups = {} } of source.matchAll(escapes)) {
    const code = groups['braced'] ?? groups['plain']
    const property = groups['property']
    text += source.slice(end, index) + (code ? `\\x{${code}}` : property ? `\\${property}{` : piece)
    end = index + piece.length
  }
  return text + source.slice(end)
}

const shown = (source: string) => JSON.stringify(source.length > 80 ? `${source.slice(0, 80)}…` : source)
