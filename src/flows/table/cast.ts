/**
 * How a canonical text stands in JSON: quoted; as it is; as it is unless it is no finite number, then `null`; or by a function.
 */
export type JsonForm = 'text' | 'bare' | 'number' | ((canonical: string) => string)

/** What a type with its format does with one value. Canonical text is what the CSV file shows, and it casts to itself again. */
export interface Cast {
  /** Canonical text of a trimmed text, undefined where it does not fit. */
  readonly text: (text: string) => string | undefined
  /** The same for a value of a JSON file that is neither text nor null. */
  readonly value: (value: unknown) => string | undefined
  readonly json: JsonForm
  /** What is broken when a value does not fit. */
  readonly rule: string
  /** Keys of the field that differ once the values are canonical; undefined removes one. */
  readonly written?: Readonly<Record<string, unknown>>
  /** For `minimum` and `maximum`: numbers, big integers or texts that compare as the values do. */
  readonly rank?: (canonical: string) => number | bigint | string
  /** For `minLength` and `maxLength`. */
  readonly length?: (canonical: string) => number
}

export const noValue = () => undefined
