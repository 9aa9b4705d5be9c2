import { fieldCondition } from './field.ts'
import { badQuery, type FieldTest, joined, type Query, type QueryPlace } from './query.ts'
import { type Part, Scanner } from './scanner.ts'
import { readWords } from './tokenizer.ts'

/** Conditions of one search. */
const maxLeaves = 200
/** Words of all conditions together: one condition may have many words, separated by other characters than blanks. */
const maxWords = 1000
const maxDepth = 30
const maxLength = 30_000

/**
 * Reads the query language (docs/reference/search.md). Adjacent conditions are combined by AND, and OR binds tighter, so that `a OR b c`
 * finds c with a or b. A text of only signs and operators finds nothing. Throws `invalid` for wrong or unsupported syntax.
 */
export function parseQuery(text: string, place: QueryPlace): Query {
  if (text.length > maxLength) throw badQuery(`a query may have at most ${maxLength} characters, got ${text.length}`, place.parameter)
  const parts = new Scanner(text, place.parameter).parts(4 * maxLeaves)
  const query = new Parser(parts, place).sequence(undefined, 0)
  const hasCondition = parts.some(({ kind }) => kind === 'leaf')
  return hasCondition || text.trim() === '' ? query : { kind: 'none' }
}

class Parser {
  readonly #parts: readonly Part[]
  readonly #place: QueryPlace
  #at = 0
  #leaves = 0
  #words = 0

  constructor(parts: readonly Part[], place: QueryPlace) {
    this.#parts = parts
    this.#place = place
  }

  /** Adjacent conditions, up to the end or a closing bracket. */
  sequence(field: string | undefined, depth: number): Query {
    if (depth > maxDepth) throw this.#bad(`the query has more than ${maxDepth} levels of brackets: use fewer`)
    const queries: Query[] = []
    for (let kind = this.#peek(); kind !== undefined && kind !== 'close'; kind = this.#peek()) {
      // An operator without a left operand is ignored.
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

  /** Whether the current operator has a right operand. */
  #hasOperand(): boolean {
    const next = this.#parts[this.#at + 1]?.kind
    return next === 'open' || next === 'leaf' || next === 'not' || next === 'plus'
  }

  #single(field: string | undefined, depth: number): Query {
    if (depth > maxDepth) throw this.#bad(`the query has more than ${maxDepth} levels of brackets: use fewer`)
    const part = this.#parts[this.#at++]
    if (!part) throw this.#bad('an operator lacks a condition: add one, or put the operator in quotes to look for the word')
    if (part.kind === 'plus') return this.#single(field, depth + 1)
    if (part.kind === 'not') return negated(this.#single(field, depth + 1))
    if (part.kind === 'leaf') return this.#leaf(part, field)
    if (part.kind !== 'open') throw this.#bad('an operator lacks a condition: add one, or put the operator in quotes to look for the word')
    const inner = this.sequence(part.field ?? field, depth + 1)
    if (this.#peek() !== 'close') throw this.#bad('a bracket is not closed; put it in quotes to look for it')
    this.#at++
    return inner
  }

  #leaf(part: Extract<Part, { kind: 'leaf' }>, outerField: string | undefined): Query {
    if (++this.#leaves > maxLeaves) throw this.#bad(`a search may have at most ${maxLeaves} conditions`)
    const field = part.field ?? outerField
    const isEverything = part.test.kind === 'exists'
    if (field === '*' || (isEverything && field === undefined)) return { kind: 'all' }
    if (field === undefined || field === 'text') return this.#wordsOf(part.test)
    return fieldCondition(field, part.test, this.#place)
  }

  /** A text without words adds no condition. */
  #wordsOf(test: FieldTest): Query {
    if (test.kind === 'exists') return { kind: 'all' }
    if (test.kind === 'range') throw this.#bad('a range needs a field: field:[from TO to]')
    if (test.kind === 'value') return this.#wordsQuery(test.value, { isPhrase: test.isPhrase ?? false })
    const last = test.pieces.findLastIndex((piece) => 'text' in piece && readWords(piece.text).length > 0)
    const [text, ...others] = test.pieces.slice(0, last + 1)
    const behind = test.pieces.slice(last + 1)
    if (text === undefined) return { kind: 'none' }
    if (!('text' in text) || others.length > 0)
      throw this.#bad('a wildcard is allowed only at the end of a word; write \\* or \\? for the sign itself')
    // A question mark after a word is punctuation.
    const isPrefix = behind.some((piece) => 'wildcard' in piece && piece.wildcard === '*')
    const query = this.#wordsQuery(text.text, { isPrefix })
    if (isPrefix && query.kind === 'words' && isTooShort(text.text)) throw this.#bad('a word needs at least two characters before *')
    return query
  }

  #wordsQuery(text: string, also: { isPhrase?: boolean; isPrefix?: boolean }): Query {
    const words = readWords(text)
    this.#words += words.reduce((sum, { tokens }) => sum + tokens.length, 0)
    if (this.#words > maxWords) throw this.#bad(`a search may have at most ${maxWords} words`)
    return words.length === 0 ? { kind: 'none' } : { kind: 'words', text, ...also }
  }

  #peek(): Part['kind'] | undefined {
    return this.#parts[this.#at]?.kind
  }

  #bad(message: string) {
    return badQuery(message, this.#place.parameter)
  }
}

function isTooShort(text: string): boolean {
  const last = readWords(text).at(-1)
  return last !== undefined && !last.characters && last.plain.length < 2
}

const negated = (query: Query): Query => (query.kind === 'none' ? query : { kind: 'not', query })
