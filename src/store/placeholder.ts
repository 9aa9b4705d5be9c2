/** Stands for a value while a statement is compiled; `encode` makes of the value what is bound. */
export class Placeholder {
  readonly name: string
  readonly encode: (value: unknown) => unknown

  constructor(name: string, encode: (value: unknown) => unknown = (value) => value) {
    this.name = name
    this.encode = encode
  }
}

/** What is bound for a value: made at once, or, for a placeholder, each time that its statement runs. */
export function bound<T>(value: T, encode: (value: T) => unknown): unknown {
  return value instanceof Placeholder ? new Placeholder(value.name, encode as (value: unknown) => unknown) : encode(value)
}
