import { type ParseArgsConfig, parseArgs } from 'node:util'
import { UsageError } from './usage.ts'

/** Options of a command, in the form of `parseArgs` of `node:util`. */
export type OptionTable = NonNullable<ParseArgsConfig['options']>

/** Options of every command. */
const COMMON: OptionTable = {
  remote: { type: 'string', short: 'r' },
  apikey: { type: 'string', short: 'a' },
  help: { type: 'boolean', short: 'h' },
}

/** The options and the other words that a command was given. */
export class Given {
  readonly words: readonly string[]
  readonly #values: ReadonlyMap<string, unknown>

  constructor(words: readonly string[], values: ReadonlyMap<string, unknown>) {
    this.words = words
    this.#values = values
  }

  flag(name: string): boolean {
    return this.#values.get(name) === true
  }

  /** The text of an option; undefined if it was not given. */
  text(name: string): string | undefined {
    const value = this.#values.get(name)
    return typeof value === 'string' ? value : undefined
  }

  /** A whole number above 0; undefined if the option was not given. */
  whole(name: string): number | undefined {
    const text = this.text(name)
    if (text === undefined || (/^\d{1,15}$/.test(text) && Number(text) > 0)) return text === undefined ? undefined : Number(text)
    throw new UsageError(`--${name} must be a whole number above 0; got ${JSON.stringify(text)}`)
  }

  /** A decimal number, 0 or more; undefined if the option was not given. */
  decimal(name: string): number | undefined {
    const text = this.text(name)
    if (text === undefined || /^\d{1,15}(\.\d{1,15})?$/.test(text)) return text === undefined ? undefined : Number(text)
    throw new UsageError(`--${name} must be a decimal number, 0 or more; got ${JSON.stringify(text)}`)
  }

  /** One of some words; undefined if the option was not given. */
  choice<T extends string>(name: string, choices: readonly T[]): T | undefined {
    const text = this.text(name)
    const found = choices.find((one) => one === text)
    if (text === undefined || found !== undefined) return found
    throw new UsageError(`--${name} must be ${choices.join(' or ')}; got ${JSON.stringify(text)}`)
  }

  /** Refuses two options that exclude each other. */
  exclude(a: string, b: string): void {
    if (this.#values.has(a) && this.#values.has(b)) throw new UsageError(`--${a} and --${b} exclude each other; give one of them`)
  }
}

/** Reads the words of a command.
 * @throws UsageError for an option that the command does not have, that misses its value, or that is given twice.
 */
export function readOptions(words: readonly string[], own: OptionTable): Given {
  const { values, positionals, tokens } = parse(words, { ...COMMON, ...own })
  const names = tokens.flatMap((token) => (token.kind === 'option' ? [token.name] : []))
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined) throw new UsageError(`--${twice} was given twice; give it once`)
  return new Given(positionals, new Map(Object.entries(values)))
}

function parse(words: readonly string[], options: OptionTable) {
  try {
    return parseArgs({ args: [...words], options, allowPositionals: true, strict: true, tokens: true })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}
