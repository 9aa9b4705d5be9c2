/** Maximum characters of a value in an error line. */
const valueLimit = 200
/** Maximum faults that are kept with details; the others are only counted. */
const keptLimit = 1000

/** The names of faults in validation reports. */
export type FaultCode =
  | 'type-or-format-error'
  | 'required-constraint'
  | 'unique-constraint'
  | 'enumerable-constraint'
  | 'pattern-constraint'
  | 'minimum-constraint'
  | 'maximum-constraint'
  | 'minimum-length-constraint'
  | 'maximum-length-constraint'
  | 'missing-value'
  | 'extra-value'
  | 'missing-header'
  | 'extra-header'
  | 'blank-header'
  | 'duplicate-header'
  | 'format-error'
  | 'encoding-error'

/** One thing wrong with a table's data. */
export interface Fault {
  readonly code: FaultCode
  /** Counted from 1 in the file, including skipped and empty rows; the header normally is row 1. */
  readonly row: number
  /** Undefined for a fault of a whole row. */
  readonly column?: string
  /** Counted from 1. */
  readonly columnNumber?: number
  readonly value?: string
  /** The broken rule, as the end of a sentence that starts with the value: `is not a whole number`. */
  readonly rule: string
}

/** The faults of one table: the first thousand, and the number of all. Warnings name guesses and parts that were left out without loss. */
export class FaultList {
  readonly resource: string
  readonly file: string
  readonly kept: Fault[] = []
  count = 0
  readonly warnings: string[] = []

  constructor(resource: string, file: string) {
    this.resource = resource
    this.file = file
  }

  add(fault: Fault): void {
    this.count++
    if (this.kept.length >= keptLimit) return
    this.kept.push(fault.value === undefined ? fault : { ...fault, value: cutValue(fault.value) })
  }

  warn(text: string): void {
    this.warnings.push(`${this.file}: ${text}`)
  }

  /** A line for each kept fault; if some were left out, the last line has the count of all. */
  lines(): string[] {
    const lines = this.kept.map((fault) => `${this.resource}: ${this.file} ${describeFault(fault)}`)
    if (this.count > this.kept.length) lines.push(`${this.resource}: ${this.file} has ${this.count} faults in all`)
    return lines
  }
}

/** `row 5, column price: "abc" is not a number` */
export function describeFault(fault: Fault): string {
  const place = fault.column === undefined ? `row ${fault.row}` : `row ${fault.row}, column ${fault.column}`
  const value = fault.value === undefined ? '' : `${JSON.stringify(fault.value)} `
  return `${place}: ${value}${fault.rule}`
}

function cutValue(value: string): string {
  return value.length <= valueLimit ? value : `${value.slice(0, valueLimit).toWellFormed()}…`
}

/** The file cannot be read as a table, or its description or schema is invalid. */
export class UnreadableTable extends Error {
  override readonly name = 'UnreadableTable'
}
