import type { CsvForm, RowScanner } from './csv-scanner.ts'
import { UnreadableTable } from './faults.ts'

export interface EscapedCsvForm extends CsvForm {
  /** Takes the next character as it is; undefined: there is none. */
  readonly escapeCharacter: string | undefined
  readonly hasDoubledQuotes: boolean
}

/** The rare dialects, with an escape character or without doubled quotes: character by character, three times slower. */
export class EscapedCsvScanner implements RowScanner {
  readonly #form: EscapedCsvForm
  #rows: string[][] = []
  #row: string[] = []
  #cell = ''
  #state: 'plain' | 'quoted' | 'escaped' | 'escaped in quotes' | 'after quote' = 'plain'
  #hasReturn = false
  #count = 0

  constructor(form: EscapedCsvForm) {
    this.#form = form
  }

  read(piece: string, isLast: boolean): string[][] {
    for (const character of piece) this.#step(character)
    if (isLast) {
      if (this.#state === 'quoted' || this.#state === 'escaped in quotes')
        throw new UnreadableTable(`row ${this.#count + 1}: a quoted value does not end`)
      if (this.#row.length > 0 || this.#cell !== '' || this.#state === 'after quote') this.#endRow()
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
    else this.#cell += character
  }

  #endCell(): void {
    this.#row.push(this.#cell.trim())
    this.#cell = ''
  }

  #endRow(): void {
    this.#endCell()
    this.#rows.push(this.#row)
    this.#row = []
    this.#count++
  }
}
