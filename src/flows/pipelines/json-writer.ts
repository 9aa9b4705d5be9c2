import { compareTexts } from '../../base/code-points.ts'
import { type Column, quoteJson, type Value, writeJson } from '../../tabular/column.ts'
import type { RowWriter } from './csv-writer.ts'

/** One JSON array of objects, a row on each line; keys are sorted, missing values are null. */
export function jsonWriter(columns: readonly Column[]): RowWriter {
  const keys = columns
    .map((column, place) => ({ column, place, key: `${quoteJson(column.name)}:` }))
    .sort((one, other) => compareTexts(one.column.name, other.column.name))
    .map(({ key, ...rest }, index) => ({ ...rest, key: index === 0 ? `{${key}` : `,${key}` }))
  const writeRow = (row: readonly Value[]) => {
    let text = ''
    for (const { key, column, place } of keys) {
      const value = row[place]
      text += key
      text += typeof value === 'string' ? writeJson(column, value) : 'null'
    }
    return `${text}}`
  }
  let isFirst = true
  return {
    head: '[',
    rows: (rows) => {
      let text = ''
      for (const row of rows) {
        text += isFirst ? '\n' : ',\n'
        isFirst = false
        text += writeRow(row)
      }
      return text
    },
    tail: '\n]\n',
  }
}
