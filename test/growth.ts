import assert from 'node:assert/strict'
import { test } from 'node:test'
import { leg } from './store.ts'

// Work may grow as fast as what is asked for, not faster. Compared is the CPU time of this process at a size and at a quarter of it, the least of
// several tries: a factor of 4 is right, 16 would be quadratic. A quarter counts as 80 ms at least: below that caches and garbage decide.

const maxFactor = 6
const minMs = 80
/** Five tries say enough on a quiet machine; a busy one gets more before it is called a fault. */
const tries = 15

const skip = leg !== 'sqlite' && 'what is measured is the work of the hub itself'

/** Does some work on an input of this size. */
export type Run = (size: number) => unknown

/** Name, largest size that is tried, and the work. */
export type Case = readonly [string, number, Run]

async function cpuMs(run: Run, size: number): Promise<number> {
  const before = process.cpuUsage()
  await run(size)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

/** What is wrong with the growth of some work, if anything. */
async function objectionTo([name, size, run]: Case): Promise<string | undefined> {
  let large = await cpuMs(run, size)
  if (large <= maxFactor * minMs) return undefined
  let small = await cpuMs(run, Math.ceil(size / 4))
  const isTooMuch = () => large > maxFactor * Math.max(small, minMs)
  // What took long at its first run may have been compiled meanwhile; only the least times count.
  for (let no = 1; no < tries && isTooMuch(); no++) {
    large = Math.min(large, await cpuMs(run, size))
    small = Math.min(small, await cpuMs(run, Math.ceil(size / 4)))
  }
  return isTooMuch() ? `${name}: ${large.toFixed(0)} ms at ${size}, ${small.toFixed(0)} ms at a quarter` : undefined
}

/** One test of many cases; all that grow too fast are named together. */
export function growthTest(name: string, cases: () => Iterable<Case>): void {
  test(name, { skip }, async () => {
    const objections: string[] = []
    for (const one of cases()) {
      const objection = await objectionTo(one)
      if (objection !== undefined) objections.push(objection)
    }
    assert.deepEqual(objections, [])
  })
}

export const mebibyte = 1024 * 1024

/** A text of so many characters, made of one piece, with an end that makes patterns fail. */
export const textOf = (piece: string, length: number) => `${piece.repeat(Math.ceil(length / piece.length))}x\u0001`.slice(0, length + 2)

/** The same without the end, which would make it invalid. */
export const plainTextOf = (piece: string, length: number) => piece.repeat(Math.ceil(length / piece.length)).slice(0, length)

export const listOf = <T>(size: number, make: (no: number) => T): T[] => Array.from({ length: Math.floor(size) }, (_, no) => make(no))

/** What texts are made of that parsers, patterns and renderers may stumble over. */
export const pieces: readonly string[] = [
  ...['a', ' ', '\n', '\t', '[', '](', '![](', '{', '(', ')', '"', "'", '\\', '*', '**a', '_a', '`', '```\n', '<', '<a ', '&', '&#', '%', '+', '='],
  ...[
    '.',
    '-',
    '/',
    ':',
    '~',
    '1',
    '#',
    'é',
    '\u0301',
    '𝒳',
    '東',
    'a b ',
    'a:b ',
    'a* ',
    'a OR ',
    '-a ',
    '"a" ',
    '[a TO b] ',
    'a,',
    '> ',
    '- ',
    '1. ',
  ],
  ...['| ', '|-', 'http://a.b ', '\r\n\r\n', 'tag:a ', '!', '^2', 'a~2 ', '\\a', '*a* ', '(a) ', 'título ', 'title:"a b"~2 '],
]
