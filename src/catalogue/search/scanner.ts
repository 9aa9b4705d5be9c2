import { isKnownField } from './field.ts'
import { isAddress } from './mark.ts'
import { badQuery, type FieldTest, type Piece } from './query.ts'

/** What a query is made of: brackets, operators, and conditions. */
export type Part =
  | { readonly kind: 'open'; readonly field: string | undefined }
  | { readonly kind: 'close' | 'and' | 'or' }
  | { readonly kind: 'not' | 'plus' }
  | { readonly kind: 'leaf'; readonly field: string | undefined; readonly test: FieldTest }

const operators: Readonly<Record<string, 'and' | 'or' | 'not'>> = { AND: 'and', '&&': 'and', OR: 'or', '||': 'or', NOT: 'not' }

const blank = /\s/
const fieldName = /(?:[^\s:()"'[\]{}\\]|\\.)+:/suy
const address = /[a-z][a-z\d+.-]*:\/\/[^\s"]*/iy
const range = /[[{]\s*("[^"]*"|[^\s"\]}]+)\s+TO\s+("[^"]*"|[^\s"\]}]+)\s*([\]}])/iy
const boost = /^(?:\^=?[\d.]+|~[\d.]*)(?=$|[\s()])/

/** Splits a query into its parts, in one pass over its characters. */
export class Scanner {
  readonly #text: string
  readonly #parameter: string
  readonly #parts: Part[] = []
  #at = 0
  #depth = 0

  constructor(text: string, parameter: string) {
    this.#text = text
    this.#parameter = parameter
  }

  parts(maxParts: number): Part[] {
    if (this.#text.startsWith('{!')) throw this.#bad('{!…} parameters are not supported')
    while (this.#at < this.#text.length) {
      this.#next()
      if (this.#parts.length > maxParts) throw this.#bad(`the query has more than ${maxParts} conditions, operators and brackets: send a shorter one`)
    }
    return this.#parts
  }

  #next(): void {
    const character = this.#text[this.#at] as string
    if (blank.test(character)) this.#at++
    else if (character === '(') this.#open(undefined)
    else if (character === ')') this.#close()
    else if (this.#isSign(character)) this.#sign(character)
    else if (!this.#quoted(undefined)) this.#condition()
  }

  #open(field: string | undefined): void {
    this.#at++
    this.#depth++
    this.#parts.push({ kind: 'open', field })
  }

  /** Ignores a closing bracket without an opening one. */
  #close(): void {
    this.#at++
    if (this.#depth === 0) return
    this.#depth--
    this.#parts.push({ kind: 'close' })
    this.#refuseSuffix()
  }

  #isSign = (character: string | undefined) => character === '+' || character === '-' || character === '!'

  /** A sign before a condition. Several signs, or a sign without a condition, are ignored. */
  #sign(character: string): void {
    const from = this.#at
    while (this.#isSign(this.#text[this.#at])) this.#at++
    const next = this.#text[this.#at]
    if (this.#at - from === 1 && next !== undefined && !blank.test(next)) this.#parts.push({ kind: character === '+' ? 'plus' : 'not' })
  }

  /** A quoted text, if one begins here. A quotation mark that is not closed is an ordinary character. */
  #quoted(field: string | undefined): boolean {
    const mark = this.#text[this.#at]
    if (mark !== '"' && mark !== "'") return false
    const end = this.#endOfQuote(mark)
    if (end < 0) {
      if (field !== undefined) throw this.#bad(`${field}: the quotation mark is not closed`)
      if (mark === '"') this.#at++
      return mark === '"'
    }
    const value = unescaped(this.#text.slice(this.#at + 1, end))
    this.#at = end + 1
    this.#refuseSuffix()
    this.#leaf(field, { kind: 'value', value, isPhrase: true })
    return true
  }

  #endOfQuote(mark: string): number {
    for (let at = this.#at + 1; at < this.#text.length; at++) {
      if (this.#text[at] === '\\') at++
      else if (this.#text[at] === mark && (mark === '"' || this.#endsAt(at + 1))) return at
    }
    return -1
  }

  #endsAt = (at: number) => at >= this.#text.length || /[\s()^~]/.test(this.#text[at] as string)

  #condition(): void {
    const name = this.#fieldAt()
    const next = this.#text[this.#at]
    if (name === undefined) this.#word(undefined)
    else if (next === '(') this.#open(name)
    else if (next === '[' || next === '{') this.#range(name)
    else if (!this.#quoted(name)) this.#word(name)
  }

  /** Returns the field of a condition and moves past its colon. Times, addresses and headings such as `Note: …` have none. */
  #fieldAt(): string | undefined {
    const found = this.#match(fieldName)
    if (!found) return undefined
    const name = unescaped(found[0].slice(0, -1))
    let value = this.#at + found[0].length
    const isSpaced = this.#endsAt(value) && this.#text[value] !== '('
    if (isSpaced && !isKnownField(name)) return undefined
    if (this.#text.startsWith('//', value) || !/[\p{L}*]/u.test(name)) return undefined
    while (value < this.#text.length && blank.test(this.#text[value] as string)) value++
    if (value >= this.#text.length || this.#text[value] === ')') throw this.#bad(`${name}: has no value; put it in quotes to look for the word`)
    this.#at = value
    return name
  }

  #range(field: string): void {
    const found = this.#match(range)
    if (!found) throw this.#bad(`wanted ${field}:[from TO to], with * for no limit`)
    const [whole, from = '', to = '', close] = found
    this.#at += whole.length
    this.#refuseSuffix()
    const bound = (text: string, isIncluded: boolean) => (text === '*' ? undefined : { value: text.replace(/^"|"$/g, ''), isIncluded })
    const test: FieldTest = { kind: 'range', from: bound(from, whole.startsWith('[')), to: bound(to, close === ']') }
    this.#leaf(field, test.from || test.to ? test : { kind: 'exists' })
  }

  #word(field: string | undefined): void {
    const link = this.#match(address)?.[0]
    // A bracket around an address is not part of it.
    const text = link === undefined ? this.#readWord() : this.#depth > 0 && !link.includes('(') ? link.replace(/\)+$/, '') : link
    if (link === undefined && field === undefined) this.#refuseRange(text)
    this.#at += text.length
    this.#refuseExpression(text, field)
    const operator = field === undefined && Object.hasOwn(operators, text) ? operators[text] : undefined
    if (operator) this.#parts.push({ kind: operator })
    else if (field === undefined && isAddress(text)) this.#leaf(undefined, { kind: 'value', value: text })
    else this.#leaf(field, this.#testOf(text, field))
  }

  /** Reads up to a blank, a bracket or a quotation mark; after a backslash these belong to the word. */
  #readWord(): string {
    let at = this.#at
    // Reads at least one character, so that the scanner always advances.
    do at += this.#text[at] === '\\' ? 2 : 1
    while (at < this.#text.length && !/[\s()"]/.test(this.#text[at] as string))
    return this.#text.slice(this.#at, at)
  }

  #testOf(word: string, field: string | undefined): FieldTest {
    const marked = /[\^~]/.exec(word)
    if (marked && marked.index > 0 && /[\p{L}\p{N}*?]/u.test(word) && word[marked.index - 1] !== '\\') this.#refuse(word.slice(marked.index))
    if (field !== undefined && /^[<>]/.test(word)) throw this.#bad(`comparisons are written as ranges: ${field}:[from TO to]`)
    const pieces = piecesOf(word, field !== undefined && isAddress(word))
    const isAnything = field === undefined ? word === '*' : pieces.every((piece) => 'wildcard' in piece && piece.wildcard === '*')
    if (isAnything) return { kind: 'exists' }
    const [only, ...others] = pieces
    return only && 'text' in only && others.length === 0 ? { kind: 'value', value: only.text } : { kind: 'pattern', pieces }
  }

  /** `[a TO b]` without a field; other square and curly brackets are signs. */
  #refuseRange(word: string): void {
    if (/^[[{]/.test(word) && this.#match(range)) throw this.#bad('a range needs a field: field:[from TO to]')
  }

  /** `/…/` after a field, or with characters that only a regular expression has; other texts between slashes are paths. */
  #refuseExpression(word: string, field: string | undefined): void {
    if (/^\/.+\/$/s.test(word) && (field !== undefined || /[*+|[\]\\]/.test(word)))
      throw this.#bad('regular expressions are not supported; put the value in quotes')
  }

  /** Solr's suffixes of quotes and brackets, which change their meaning. */
  #refuseSuffix(): void {
    const next = this.#text[this.#at]
    if (next === '^' || next === '~') this.#refuse(this.#text.slice(this.#at, this.#at + 20))
  }

  #refuse(suffix: string): void {
    if (!boost.test(suffix)) return
    throw this.#bad(
      suffix.startsWith('^') ? 'boosts (^) are not supported' : 'proximity and fuzzy search (~) are not supported; write \\~ for the sign itself',
    )
  }

  #leaf(field: string | undefined, test: FieldTest): void {
    this.#parts.push({ kind: 'leaf', field, test })
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at
    return pattern.exec(this.#text)
  }

  #bad(message: string) {
    return badQuery(message, this.#parameter)
  }
}

const unescaped = (text: string) => text.replace(/\\(.)/gsu, '$1')

/** The texts and wildcards of a word; in an address a question mark is one. */
function piecesOf(word: string, isLink: boolean): Piece[] {
  const pieces: Piece[] = []
  let text = ''
  const end = () => {
    if (text !== '') pieces.push({ text })
    text = ''
  }
  for (let at = 0; at < word.length; at++) {
    const character = word[at] as string
    if (character === '\\' && at + 1 < word.length) text += word[++at]
    else if (character === '*' || (character === '?' && !isLink)) {
      end()
      pieces.push({ wildcard: character })
    } else text += character
  }
  end()
  return pieces
}
