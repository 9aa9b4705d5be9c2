import { invalid } from '../errors.ts'

/** One condition of a search, as it was asked for. */
export type Query =
  | { readonly kind: 'all' }
  | { readonly kind: 'words'; readonly text: string }
  | { readonly kind: 'field'; readonly field: string; readonly value: string; readonly isPrefix: boolean }
  | { readonly kind: 'range'; readonly field: string; readonly from: string; readonly to: string }
  | { readonly kind: 'not'; readonly query: Query }
  | { readonly kind: 'and' | 'or'; readonly queries: readonly Query[] }

/** Conditions that one search may have; more would only serve to keep the database busy. */
const maxLeaves = 200
const maxDepth = 30

export const badQuery = (message: string) => invalid({ q: [message] }, message)

/** What a part of a query may be: brackets, an operator, or a word with its field. */
interface Token {
  readonly kind: 'open' | 'close' | 'and' | 'or' | 'not' | 'plus' | 'text'
  readonly field?: string
  readonly value?: string
  readonly isQuoted?: boolean
  readonly range?: readonly [string, string]
}

/** `field:` in front, then a range, a quoted text or a word; brackets and signs stand alone. */
const pattern =
  /\s+|(?<open>(?:(?<openField>[^\s:()"'[\]{}+-][^\s:()"'[\]{}]*):)?\()|(?<close>\))|(?<sign>[+\-!](?=\S))|(?:(?<field>[^\s:()"'[\]{}]+):)?(?:(?<range>[[{][^\]}]*[\]}])|"(?<double>[^"]*)"?|(?<single>'[^']*')|(?<word>[^\s()"]+))|(?<other>.)/gsu

const operators: Readonly<Record<string, Token['kind']>> = { AND: 'and', '&&': 'and', OR: 'or', '||': 'or', NOT: 'not' }
const signs: Readonly<Record<string, Token['kind']>> = { '+': 'plus', '-': 'not', '!': 'not' }

function readTokens(text: string): Token[] {
  const tokens: Token[] = []
  for (const { groups = {} } of text.matchAll(pattern)) {
    const token = readToken(groups)
    if (token) tokens.push(token)
    if (tokens.length > 4 * maxLeaves) throw badQuery('the query has too many parts')
  }
  return tokens
}

function readToken(groups: Readonly<Record<string, string | undefined>>): Token | undefined {
  const { open, openField, close, sign, field, range, double, single, word } = groups
  if (open) return openField ? { kind: 'open', field: openField } : { kind: 'open' }
  if (close) return { kind: 'close' }
  if (sign) return { kind: signs[sign] ?? 'not' }
  const named = field === undefined ? {} : { field }
  if (range !== undefined) return rangeToken(range, named)
  if (double !== undefined) return { kind: 'text', ...named, value: double, isQuoted: true }
  if (single !== undefined) return { kind: 'text', ...named, value: single.slice(1, -1), isQuoted: true }
  if (word === undefined) return undefined
  const operator = field === undefined && Object.hasOwn(operators, word) ? operators[word] : undefined
  return operator ? { kind: operator } : { kind: 'text', ...named, value: word }
}

function rangeToken(range: string, named: { field?: string }): Token {
  const ends = /^(\S+)\s+TO\s+(\S+)$/i.exec(range.slice(1, -1).trim())
  if (!ends || !named.field) throw badQuery(`wanted a field and [from TO to], got ${range}`)
  return { kind: 'text', ...named, range: [ends[1] ?? '*', ends[2] ?? '*'] }
}

/**
 * Reads the query language: words, `field:value`, quotes, `pre*`, ranges, AND, OR, NOT, + and -, brackets. What stands side by side is AND-ed,
 * and OR binds tighter than that, so that `a OR b c` wants c and one of the others. Throws `invalid` when brackets or operators don't fit.
 */
export function parseQuery(text: string): Query {
  const parser = new Parser(readTokens(text))
  const query = parser.sequence(undefined, 0)
  if (!parser.isAtEnd) throw badQuery('a bracket is closed that was not opened')
  return query
}

class Parser {
  readonly #tokens: readonly Token[]
  #at = 0
  #leaves = 0

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#tokens.length
  }

  /** Conditions side by side, up to the end or a closing bracket. */
  sequence(field: string | undefined, depth: number): Query {
    if (depth > maxDepth) throw badQuery('the query nests too deep')
    const queries: Query[] = []
    for (let kind = this.#peek(); kind !== undefined && kind !== 'close'; kind = this.#peek()) {
      // An operator without a left side says nothing.
      if (kind === 'and' || kind === 'or') this.#at++
      else queries.push(this.#alternatives(field, depth))
    }
    return joined('and', queries)
  }

  #alternatives(field: string | undefined, depth: number): Query {
    const queries = [this.#conjunction(field, depth)]
    while (this.#peek() === 'or' && this.#hasOperand()) {
      this.#at++
      queries.push(this.#conjunction(field, depth))
    }
    return joined('or', queries)
  }

  #conjunction(field: string | undefined, depth: number): Query {
    const queries = [this.#single(field, depth)]
    while (this.#peek() === 'and' && this.#hasOperand()) {
      this.#at++
      queries.push(this.#single(field, depth))
    }
    return joined('and', queries)
  }

  /** Whether the operator at hand has a right side. */
  #hasOperand(): boolean {
    const next = this.#tokens[this.#at + 1]?.kind
    return next === 'open' || next === 'text' || next === 'not' || next === 'plus'
  }

  #single(field: string | undefined, depth: number): Query {
    if (depth > maxDepth) throw badQuery('the query nests too deep')
    const token = this.#tokens[this.#at++]
    if (!token || token.kind === 'close' || token.kind === 'and' || token.kind === 'or') throw badQuery('an operator has nothing to work on')
    if (token.kind === 'plus') return this.#single(field, depth + 1)
    if (token.kind === 'not') return { kind: 'not', query: this.#single(field, depth + 1) }
    if (token.kind === 'text') return this.#leaf(token, field)
    const inner = this.sequence(token.field ?? field, depth + 1)
    if (this.#peek() !== 'close') throw badQuery('a bracket is not closed')
    this.#at++
    return inner
  }

  #leaf(token: Token, outerField: string | undefined): Query {
    if (++this.#leaves > maxLeaves) throw badQuery(`a search takes at most ${maxLeaves} conditions`)
    const field = token.field ?? outerField
    if (token.range && field !== undefined) return { kind: 'range', field, from: token.range[0], to: token.range[1] }
    const value = token.value ?? ''
    if (field === '*' || (value === '*' && field === undefined)) return { kind: 'all' }
    if (field === undefined) return { kind: 'words', text: value }
    if (value === '*') return { kind: 'range', field, from: '*', to: '*' }
    const isPrefix = !token.isQuoted && value.length > 1 && value.endsWith('*')
    return { kind: 'field', field, value: isPrefix ? value.slice(0, -1) : value, isPrefix }
  }

  #peek(): Token['kind'] | undefined {
    return this.#tokens[this.#at]?.kind
  }
}

/** One condition stands for itself; none is true. */
export function joined(kind: 'and' | 'or', queries: readonly Query[]): Query {
  const [only, ...others] = queries
  if (!only) return { kind: 'all' }
  return others.length === 0 ? only : { kind, queries }
}

/** The words that everything found must have; they decide the rank. */
export function requiredWords(query: Query): string[] {
  if (query.kind === 'words') return [query.text]
  return query.kind === 'and' ? query.queries.flatMap(requiredWords) : []
}
