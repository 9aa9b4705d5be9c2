import { type Head, inOrder } from './waiting-store.ts'

/** What there is to be shared out. */
export interface Share {
  /** Waiting jobs, in any order. */
  readonly heads: readonly Head[]
  /** How many jobs of each caller run already. */
  readonly running: ReadonlyMap<string, number>
  /** Free slots. */
  readonly count: number
  /** How many jobs of a limited type may start; other types have no entry. */
  readonly rooms: ReadonlyMap<string, number>
  /** A caller of whom so many jobs are given may have more. */
  readonly each: number
}

/**
 * Shares out free slots: each goes to the caller with the fewest jobs running, this very share included, and of several such callers to the one whose
 * next job comes first; a caller's own jobs start in their order. One caller alone gets all of them. Ends
 * early where a caller may have more jobs than were given: ask again for the rest.
 */
export function shareOut({ heads, running, count, rooms, each }: Share): Head[] {
  const left = new Map(rooms)
  const waiting = [...Map.groupBy(heads, (head) => head.caller)].map(([caller, own]) => ({
    runs: running.get(caller) ?? 0,
    own: own.sort(inOrder),
    mayHaveMore: own.length >= each,
  }))
  const chosen: Head[] = []
  while (chosen.length < count) {
    for (const one of waiting) while (one.own[0] && left.get(one.own[0].type) === 0) one.own.shift()
    const next = waiting.reduce<(typeof waiting)[number] | undefined>((best, one) => (isBefore(one, best) ? one : best), undefined)
    const head = next?.own.shift()
    if (!next || !head) break
    chosen.push(head)
    next.runs++
    const room = left.get(head.type)
    if (room !== undefined) left.set(head.type, room - 1)
    if (next.mayHaveMore && next.own.length === 0) break
  }
  return chosen
}

interface Waiting {
  readonly runs: number
  readonly own: readonly Head[]
}

function isBefore({ runs, own: [head] }: Waiting, best: Waiting | undefined): boolean {
  if (!head) return false
  const [first] = best?.own ?? []
  return !best || !first || runs < best.runs || (runs === best.runs && inOrder(head, first) < 0)
}
