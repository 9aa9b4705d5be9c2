import type { JsonText } from '../cell.ts'

/** How a canonical text stands in JSON: quoted; as it is; as it is, but quoted where it is no finite number; or by a function. */
export type JsonForm = 'text' | 'bare' | 'number' | ((canonical: string) => string)

/** What a type with its format does with one value. Canonical text is what the CSV file shows, and it casts to itself again. */
export interface Cast {
  /** Canonical text of a trimmed text, undefined where it does not fit. */
  readonly text: (text: string) => string | undefined
  /** The same for a value of a JSON file that is neither text nor null. */
  readonly value: (value: boolean | JsonText) => string | undefined
  readonly json: JsonForm
  /** What is broken when a value does not fit. */
  readonly rule: string
  /** The same for one text, where there is more to say. */
  readonly explain?: (text: string) => string | undefined
  /** Keys of the field that differ once the values are canonical; undefined removes one. */
  readonly written?: Readonly<Record<string, unknown>>
  /** For `minimum`, `maximum` and sorting: below zero, zero or above zero, as the first value is less than, equal to or greater than the second one. */
  readonly compare?: (one: string, other: string) => number
  /** Where equal values may have different canonical texts: one text for each value. */
  readonly identity?: (canonical: string) => string
  /** For `minLength` and `maxLength`. */
  readonly length?: (canonical: string) => number
}

export const noValue = () => undefined
