import { giveTurn, isTurnDue, mapInTurns } from '../../store/turns.ts'
import { textPieces } from '../text-pieces.ts'
import { addressToken, plainMark, wholeMark } from './mark.ts'
import { readWords, type Word } from './tokenizer.ts'

/** The entries of some texts in the full-text index. */
export interface WordStream {
  /** Tokens in the order of the texts; an empty one where a phrase ends. */
  readonly sequence: readonly string[]
  /** Tokens without a position: whole words, spellings, single characters, addresses. */
  readonly others: readonly string[]
}

/** The words of a dataset, tokenized: those of its name and title, and those of everything else. */
export interface SearchWords {
  readonly heading: WordStream
  readonly body: WordStream
}

export interface SearchTexts {
  readonly heading: readonly (string | null)[]
  readonly body: readonly (string | null)[]
  /** Addresses that are found as a whole. */
  readonly addresses: readonly string[]
}

/** Beyond this many characters of words the rest of a dataset is not searchable; PostgreSQL refuses more than 1 MiB a row. */
const maxWordChars = 100_000
/** PostgreSQL numbers 16,383 places; words behind the last one are found, but in no phrase. */
const maxPlaces = 15_000
/** PostgreSQL keeps 256 places of one word; further ones are in no phrase. */
const maxPlacesOfToken = 200

/** Tokenizes the texts of a dataset. */
export async function readSearchWords({ heading, body, addresses }: SearchTexts): Promise<SearchWords> {
  const reader = new WordReader()
  const first = await reader.read(heading)
  const second = await reader.read(body)
  const tokens = await mapInTurns(addresses, addressToken)
  const marks = [...reader.neverPlain(), ...tokens.filter((one) => one !== undefined)]
  return { heading: first, body: { ...second, others: [...second.others, ...marks] } }
}

class WordReader {
  readonly #counts = new Map<string, number>()
  readonly #accented = new Map<string, number>()
  #characters = 0
  #places = 0

  async read(texts: readonly (string | null)[]): Promise<WordStream> {
    const sequence: string[] = []
    const others = new Set<string>()
    for (const text of texts) {
      if (text === null || text === '') continue
      this.#gap(sequence)
      // Text beyond the limit would not be indexed anyway.
      for (const piece of textPieces(text.slice(0, 2 * maxWordChars))) {
        if (isTurnDue()) await giveTurn()
        this.#readPiece(piece, sequence, others)
      }
    }
    return { sequence, others: [...others] }
  }

  #readPiece(piece: string, sequence: string[], others: Set<string>): void {
    if (this.#characters > maxWordChars) return
    for (const word of readWords(piece)) {
      if (this.#characters > maxWordChars) return
      for (const token of word.tokens) this.#place(token, sequence, others)
      this.#note(word, others)
    }
  }

  /** Marks for the tokens that occur only with accents. */
  neverPlain(): string[] {
    return [...this.#accented].flatMap(([token, count]) => (this.#counts.get(token) === count ? [plainMark + token] : []))
  }

  #gap(sequence: string[]): void {
    if (sequence.length === 0 || sequence.at(-1) === '') return
    sequence.push('')
    this.#places++
  }

  #place(token: string, sequence: string[], others: Set<string>): void {
    const count = this.#counts.get(token) ?? 0
    if (count === 0) this.#characters += token.length + 1
    this.#counts.set(token, count + 1)
    if (this.#places < maxPlaces && count < maxPlacesOfToken) {
      sequence.push(token)
      this.#places++
    } else {
      others.add(token)
      if (this.#places < maxPlaces) this.#gap(sequence)
    }
  }

  #note({ tokens, plain, accented, characters }: Word, others: Set<string>): void {
    if (characters) {
      if (characters.length > 1) for (const character of characters) this.#add(character, others)
      return
    }
    const token = tokens[0] as string
    if (token !== plain) this.#add(wholeMark + plain, others)
    if (accented === undefined) return
    this.#accented.set(token, (this.#accented.get(token) ?? 0) + 1)
    this.#add(accented, others)
  }

  #add(token: string, others: Set<string>): void {
    if (others.has(token)) return
    others.add(token)
    this.#characters += token.length + 1
  }
}
