import { CsvScanner } from './scanner.ts'

const candidates = [',', '\t', ';', '|']
const sampleRows = 100

/**
 * The delimiter that splits the first hundred rows into the most columns, where nearly all rows have as many as the first; a comma if
 * no delimiter does.
 */
export function sniffDelimiter(text: string, quote: string): string {
  let best = { delimiter: ',', columns: 1, share: 0 }
  for (const delimiter of candidates) {
    const rows = sample(text, { delimiter, quote })
    const columns = rows[0]?.length ?? 0
    const share = rows.filter((row) => row.length === columns).length / Math.max(1, rows.length)
    const isBetter = columns > 1 && share >= 0.9 && (share > best.share || (share === best.share && columns > best.columns))
    if (isBetter) best = { delimiter, columns, share }
  }
  return best.delimiter
}

function sample(text: string, form: { delimiter: string; quote: string }): string[][] {
  const scanner = new CsvScanner(form)
  const rows = scanner.read(text, false)
  // The text is a single row without a line end.
  const seen = rows.length === 0 ? new CsvScanner({ ...form, quote: '' }).read(text, true) : rows
  return seen.filter((row) => row.some((cell) => cell !== '')).slice(0, sampleRows)
}
