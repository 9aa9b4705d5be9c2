import type { Column, Value } from '../../tabular/column.ts'
import type { FieldType } from '../../tabular/schema.ts'

const lineEnd = '\r\n'
const needsQuotes = /[",\r\n]/

/** Canonical values of these types never need quotes. */
const plainTypes: ReadonlySet<FieldType> = new Set(['number', 'integer', 'boolean', 'date', 'time', 'datetime', 'year', 'yearmonth', 'duration'])

/** The dialect that `csvWriter` writes, as its resource describes it. */
export const writtenDialect = { lineTerminator: lineEnd, delimiter: ',', doubleQuote: true, quoteChar: '"', skipInitialSpace: false } as const

const quote = (text: string) => (needsQuotes.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

export interface RowWriter {
  readonly head: string
  /** Writes rows as text. */
  readonly rows: (rows: readonly (readonly Value[])[]) => string
  readonly tail: string
}

/** CSV by RFC 4180: commas, CRLF, quotes where they are needed; missing values are empty. */
export function csvWriter(columns: readonly Column[]): RowWriter {
  const arePlain = columns.map((column) => plainTypes.has(column.field.type))
  // Readers skip an empty line, which would lose the row.
  const single = columns.length === 1
  const writeRow = (row: readonly Value[]) => {
    let line = ''
    for (let place = 0; place < arePlain.length; place++) {
      if (place > 0) line += ','
      const value = row[place]
      if (typeof value === 'string') line += arePlain[place] ? value : quote(value)
    }
    return (single && line === '' ? '""' : line) + lineEnd
  }
  return {
    head: columns.map((column) => quote(column.name)).join(',') + lineEnd,
    rows: (rows) => {
      let text = ''
      for (const row of rows) text += writeRow(row)
      return text
    },
    tail: '',
  }
}
