/** Rows that one insert statement takes: well below the number of parameters that either database allows. */
const batchSize = 200

/** Splits rows into parts that fit into one statement each; no rows, no parts. */
export function* batches<T>(rows: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < rows.length; at += batchSize) yield rows.slice(at, at + batchSize)
}
