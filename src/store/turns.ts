import { setImmediate as nextTurn } from 'node:timers/promises'
import { scopes } from './scope.ts'

/** How long code may block the event loop. A longer loop yields in between. */
const maxStretchMs = 10
/** A list with fewer entries costs less than the question whether a turn is due. */
const minAskedEntries = 16

let since = 0
let isWatched = false

/**
 * Whether the event loop has been blocked for `maxStretchMs`, by any code. The time is counted from the first call in a turn of the loop, so
 * that successive short loops count as one long loop.
 */
export function isTurnDue(): boolean {
  if (isWatched) return performance.now() - since > maxStretchMs
  since = performance.now()
  isWatched = true
  setImmediate(() => {
    isWatched = false
  })
  return false
}

/** Yields to the event loop, also inside a write: other code sees the state before the write, and no other write begins. */
export async function giveTurn(): Promise<void> {
  const give = scopes.getStore()?.giveTurn
  await (give ? give() : nextTurn())
}

/** Yields to the event loop if it has been blocked for long enough. */
export async function giveDueTurn(): Promise<void> {
  if (isTurnDue()) await giveTurn()
}

/** `list.map` that yields to the event loop when a turn is due. */
export async function mapInTurns<T, R>(list: readonly T[], map: (one: T, at: number) => R): Promise<R[]> {
  const mapped: R[] = []
  const isLong = list.length >= minAskedEntries
  for (const one of list) {
    if (isLong && isTurnDue()) await giveTurn()
    mapped.push(map(one, mapped.length))
  }
  return mapped
}

/** `list.filter` that yields to the event loop when a turn is due. */
export async function filterInTurns<T>(list: readonly T[], isWanted: (one: T) => boolean): Promise<T[]> {
  const wanted: T[] = []
  const isLong = list.length >= minAskedEntries
  for (const one of list) {
    if (isLong && isTurnDue()) await giveTurn()
    if (isWanted(one)) wanted.push(one)
  }
  return wanted
}

/** Writes a list as JSON, with `shape` applied to each entry. Yields to the event loop when a turn is due. */
export async function stringifyInTurns<T>(list: readonly T[], shape: (one: T) => unknown): Promise<string> {
  if (list.length < minAskedEntries) return JSON.stringify(list.map(shape))
  return `[${(await mapInTurns(list, (one) => JSON.stringify(shape(one)))).join(',')}]`
}
