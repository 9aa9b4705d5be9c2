import type { JsonText } from '../cell.ts'

/** How a canonical text is written in JSON: quoted; unquoted; unquoted if it is a finite number, else quoted; or by a function. */
export type JsonForm = 'text' | 'bare' | 'number' | ((canonical: string) => string)

/** How a type with its format casts one value. The canonical text is written to CSV files, and casts to itself. */
export interface Cast {
  /** Canonical text of a trimmed text; undefined if it does not fit the type. */
  readonly text: (text: string) => string | undefined
  /** Canonical text of a JSON value that is neither text nor null. */
  readonly value: (value: boolean | JsonText) => string | undefined
  readonly json: JsonForm
  /** The rule that a value breaks when it does not fit. */
  readonly rule: string
  /** A more exact rule for one text, if there is one. */
  readonly explain?: (text: string) => string | undefined
  /** Keys of the field that change when the values are canonical; undefined removes a key. */
  readonly written?: Readonly<Record<string, unknown>>
  /** For `minimum`, `maximum` and sorting: below zero, zero or above zero, as the first value is less than, equal to or greater than the second one. */
  readonly compare?: (one: string, other: string) => number
  /** One text for each value, for types in which equal values may have different canonical texts. */
  readonly identity?: (canonical: string) => string
  /** For `minLength` and `maxLength`. */
  readonly length?: (canonical: string) => number
}

export const noValue = () => undefined
