/** One side of a comparison: does some work for about `ms` milliseconds and says how many units it did. */
export type Slice = (ms: number) => Promise<number>

/** A measurement with its reference, both from the same run. */
export interface Figure {
  readonly name: string
  /** Units per second, medians over the rounds. */
  readonly reference: number
  readonly own: number
  /** Median of the rounds' own ratios: steadier than the ratio of the medians on a shared machine. */
  readonly ratio: number
  /** The aim, as text. */
  readonly aim: string
}

export const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number

/** Value below which the given share of the values lies. */
export const quantile = (values: readonly number[], share: number) =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] as number

/** Two ways to do the same work, and how often and how long each is measured. */
export interface Sides {
  readonly reference: Slice
  readonly own: Slice
  readonly rounds?: number
  readonly sliceMs?: number
}

/** Units per second of reference and own, a pair for each round. The first to go changes from round to round. */
export async function takeTurns({ reference, own, rounds = 5, sliceMs = 800 }: Sides): Promise<[number, number][]> {
  await reference(sliceMs / 4)
  await own(sliceMs / 4)
  const pairs: [number, number][] = []
  for (let round = 0; round < rounds; round++) {
    if (round % 2 === 0) pairs.push([await rate(reference, sliceMs), await rate(own, sliceMs)])
    else pairs.push([await rate(own, sliceMs), await rate(reference, sliceMs)].reverse() as [number, number])
  }
  return pairs
}

/** Alternates slices of reference and own, so that other load on the machine affects both. */
export async function compare(name: string, aim: string, sides: Sides): Promise<Figure> {
  const pairs = await takeTurns(sides)
  return {
    name,
    aim,
    reference: median(pairs.map(([theirs]) => theirs)),
    own: median(pairs.map(([, ours]) => ours)),
    ratio: median(pairs.map(([theirs, ours]) => ours / theirs)),
  }
}

async function rate(slice: Slice, ms: number): Promise<number> {
  const from = performance.now()
  const units = await slice(ms)
  return units / ((performance.now() - from) / 1000)
}

/** Prints one line: name, reference, own, ratio, aim. */
export function report({ name, reference, own, ratio, aim }: Figure): void {
  const figure = (value: number) => Math.round(value).toLocaleString('en').padStart(10)
  console.log(`${name.padEnd(56)} reference ${figure(reference)}/s  own ${figure(own)}/s  ratio ${ratio.toFixed(2).padStart(6)}  (aim ${aim})`)
}

/** A slice made of calls by `callers` at once, each call one unit. */
export function callers(count: number, call: () => Promise<unknown>): Slice {
  return async (ms) => {
    const end = performance.now() + ms
    let units = 0
    const caller = async () => {
      while (performance.now() < end) {
        await call()
        units++
      }
    }
    await Promise.all(Array.from({ length: count }, caller))
    return units
  }
}
