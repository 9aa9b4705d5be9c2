import { UnreadableTable } from '../faults.ts'
import { brokenQuotes, type CsvForm, type RowScanner } from './scanner.ts'

export interface EscapedCsvForm extends CsvForm {
  /** The character that makes the next one literal; undefined if there is none. */
  readonly escapeCharacter: string | undefined
  readonly hasDoubledQuotes: boolean
}

/** A scanner for rare dialects, with an escape character or without doubled quotes. It reads by character, three times slower. */
export class EscapedCsvScanner implements RowScanner {
  readonly #form: EscapedCsvForm
  #rows: string[][] = []
  #row: string[] = []
  #cell = ''
  #state: 'plain' | 'quoted' | 'escaped' | 'escaped in quotes' | 'after quote' | 'comment' = 'plain'
  #hasReturn = false
  #count = 0
  /** Length of the cell when its quote was closed; later characters are a fault. */
  #closedAt: number | undefined
  #problem: string | undefined
  readonly broken = new Map<number, string>()

  constructor(form: EscapedCsvForm) {
    this.#form = form
  }

  read(piece: string, isLast: boolean): string[][] {
    this.broken.clear()
    for (const character of piece) this.#step(character)
    if (isLast) {
      if (this.#state === 'escaped') this.#problem = 'ends with an escape character that nothing follows'
      if (this.#state === 'quoted' || this.#state === 'escaped in quotes')
        throw new UnreadableTable(`row ${this.#count + 1}: a quoted value does not end`)
      if (this.#state !== 'comment' && (this.#row.length > 0 || this.#cell !== '' || this.#state !== 'plain')) this.#endRow()
    }
    const rows = this.#rows
    this.#rows = []
    return rows
  }

  #step(character: string): void {
    const { escapeCharacter, quote } = this.#form
    switch (this.#state) {
      case 'escaped':
      case 'escaped in quotes':
        this.#cell += character
        this.#state = this.#state === 'escaped' ? 'plain' : 'quoted'
        return
      case 'quoted':
        if (character === escapeCharacter) this.#state = 'escaped in quotes'
        else if (character === quote) this.#state = 'after quote'
        else this.#cell += character
        return
      case 'after quote':
        this.#state = 'plain'
        if (character === quote && this.#form.hasDoubledQuotes) {
          this.#cell += quote
          this.#state = 'quoted'
          return
        }
        this.#closedAt ??= this.#cell.length
        break
      case 'comment':
        if (character === '\n' || character === '\r') this.#endComment(character)
        return
    }
    this.#stepPlain(character)
  }

  #stepPlain(character: string): void {
    const { delimiter, escapeCharacter, quote } = this.#form
    const isSecondOfLineEnd = character === '\n' && this.#hasReturn
    this.#hasReturn = character === '\r'
    if (isSecondOfLineEnd) return
    if (character === escapeCharacter) this.#state = 'escaped'
    else if (character === quote && this.#cell.trim() === '') this.#state = 'quoted'
    else if (character === delimiter) this.#endCell()
    else if (character === '\n' || character === '\r') this.#endRow()
    else this.#append(character)
  }

  #append(character: string): void {
    this.#cell += character
    if (this.#row.length > 0 || this.#closedAt !== undefined || !this.#form.comments?.includes(this.#cell.trimStart())) return
    this.#cell = ''
    this.#state = 'comment'
  }

  #endComment(character: string): void {
    this.#hasReturn = character === '\r'
    this.#state = 'plain'
    this.#rows.push([])
    this.#count++
  }

  #endCell(): void {
    const rest = this.#closedAt === undefined ? '' : this.#cell.slice(this.#closedAt).trim()
    if (rest !== '') this.#problem = brokenQuotes(rest)
    this.#closedAt = undefined
    this.#row.push(this.#cell.trim())
    this.#cell = ''
  }

  #endRow(): void {
    this.#endCell()
    if (this.#problem !== undefined) this.broken.set(this.#rows.length, this.#problem)
    this.#problem = undefined
    this.#rows.push(this.#row)
    this.#row = []
    this.#count++
  }
}
