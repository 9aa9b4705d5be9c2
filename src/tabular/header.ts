import { type FaultList, UnreadableTable } from './faults.ts'

/** Names of the columns and their positions in a row. */
export interface Header {
  /** A repeated name has `_1`, `_2`, … appended. */
  readonly names: readonly string[]
  /** The names as the file has them. */
  readonly labels: readonly string[]
  /** Index of each name's cell in a row of the file. */
  readonly places: readonly number[]
  /** Number of cells of the header, including those without a name. */
  readonly width: number
  /** Row of the header; 0 if there is none. */
  readonly row: number
  /** If false, field names match in any case. */
  readonly isCaseSensitive: boolean
}

export type HeaderPlace = Pick<Header, 'row' | 'isCaseSensitive'>

/** Columns without a name are left out; a repeated name gets `_1`, `_2`, … */
export function parseHeader(cells: readonly string[], { row, isCaseSensitive }: HeaderPlace): Header {
  const names = new Set<string>()
  const counts = new Map<string, number>()
  const places: number[] = []
  const labels: string[] = []
  for (const [place, label] of cells.entries()) {
    if (label === '') continue
    let count = counts.get(label) ?? 0
    let name = count === 0 ? label : `${label}_${count}`
    while (names.has(name)) name = `${label}_${++count}`
    counts.set(label, count + 1)
    names.add(name)
    labels.push(label)
    places.push(place)
  }
  if (names.size === 0) throw new UnreadableTable('the file has no header row')
  return { names: [...names], labels, places, width: cells.length, row, isCaseSensitive }
}

/** Describes two columns of the same name: `columns 2 and 3 are both named "value"`. */
export function describeTwins({ labels, places }: Header, index: number): string {
  const first = labels.indexOf(labels[index] ?? '')
  return `columns ${(places[first] ?? 0) + 1} and ${(places[index] ?? 0) + 1} are both named ${JSON.stringify(labels[index])}`
}

/** Warns of columns whose names had to be changed. */
export function warnOfTwins(header: Header, faults: FaultList): void {
  for (const [index, name] of header.names.entries())
    if (name !== header.labels[index]) faults.warn(`${describeTwins(header, index)}; the later one is called ${JSON.stringify(name)}`)
}

/** The field of each column, and the fields without a column. An exact match takes precedence over a match in another case. */
export function matchFields<Field extends { readonly name: string }>(
  { names, isCaseSensitive }: Pick<Header, 'names' | 'isCaseSensitive'>,
  fields: readonly Field[],
): { matched: (Field | undefined)[]; missing: Field[] } {
  const left = new Map(fields.map((field) => [field.name, field]))
  const matched = names.map((name) => take(left, name))
  if (!isCaseSensitive) {
    const folded = new Map([...left.values()].map((field) => [field.name.toLowerCase(), field]))
    for (const [index, name] of names.entries()) matched[index] ??= take(folded, name.toLowerCase())
  }
  const found = new Set(matched)
  return { matched, missing: fields.filter((field) => !found.has(field)) }
}

function take<Value>(map: Map<string, Value>, key: string): Value | undefined {
  const value = map.get(key)
  map.delete(key)
  return value
}
