import { setImmediate as nextTurn } from 'node:timers/promises'
import { scopes } from './scope.ts'

/** How long work may hold the event loop at a stretch: whoever has more to do gives others a turn in between. */
const maxStretchMs = 10

let since = 0
let isWatched = false

/**
 * Whether the event loop has been held for long enough, by anybody. The stretch is counted from the first question in a turn of the loop, so
 * that many short loops behind each other count as the one long stretch that they are.
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

/** Lets others have their turn, also inside a write: others see what was there before it, and no other write begins. */
export async function giveTurn(): Promise<void> {
  const give = scopes.getStore()?.giveTurn
  await (give ? give() : nextTurn())
}

/** The same, if one is due. */
export async function giveDueTurn(): Promise<void> {
  if (isTurnDue()) await giveTurn()
}

/** `list.map` that gives others a turn when one is due. */
export async function mapInTurns<T, R>(list: readonly T[], map: (one: T, at: number) => R): Promise<R[]> {
  const mapped: R[] = []
  for (const one of list) {
    if (isTurnDue()) await giveTurn()
    mapped.push(map(one, mapped.length))
  }
  return mapped
}

/** `list.filter` that gives others a turn when one is due. */
export async function filterInTurns<T>(list: readonly T[], isWanted: (one: T) => boolean): Promise<T[]> {
  const wanted: T[] = []
  for (const one of list) {
    if (isTurnDue()) await giveTurn()
    if (isWanted(one)) wanted.push(one)
  }
  return wanted
}

/** A list as JSON, each entry in the shape that `shape` gives it, made entry by entry; gives others a turn when one is due. */
export async function stringifyInTurns<T>(list: readonly T[], shape: (one: T) => unknown): Promise<string> {
  return `[${(await mapInTurns(list, (one) => JSON.stringify(shape(one)))).join(',')}]`
}
