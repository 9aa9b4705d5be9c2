/** Rows that one insert statement takes: well below the number of parameters that either database allows. */
const maxRows = 200
/** Characters of large texts that one statement takes: a statement that runs cannot give others a turn. */
const maxCharacters = 200_000

/** Rows of one statement; there is at least one. */
export type Batch<T> = readonly [T, ...T[]]

/** Splits rows into parts that fit into one statement each; no rows, no parts. `sizeOf` says how many characters a row has, where they may be many. */
export function* batches<T>(rows: readonly T[], sizeOf: (row: T) => number = () => 0): Generator<Batch<T>> {
  let batch: T[] = []
  let characters = 0
  for (const row of rows) {
    if (batch.length === maxRows || characters > maxCharacters) {
      yield batch as [T, ...T[]]
      batch = []
      characters = 0
    }
    batch.push(row)
    characters += sizeOf(row)
  }
  if (batch.length > 0) yield batch as [T, ...T[]]
}
