import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shareOut } from './share.ts'

/** Waiting jobs as `caller type priority`, in the order of their submission, numbered from 1. */
const waiting = (...jobs: string[]) =>
  jobs.map((text, at) => {
    const [caller = '', type = '', priority = 50] = text.split(' ')
    return { seq: at + 1, caller, type, priority: Number(priority), run_at: 0 }
  })

const cases: readonly [what: string, jobs: string[], running: [string, number][], rooms: [string, number][], count: number, seqs: number[]][] = [
  ['one caller gets all slots, in order', ['a t', 'a t 10', 'a t'], [], [], 2, [2, 1]],
  [
    'the fewest running come first, whatever the order',
    ['a t 10', 'a t', 'b t', 'c t'],
    [
      ['a', 2],
      ['b', 1],
    ],
    [],
    1,
    [4],
  ],
  ['callers take turns', ['a t', 'a t', 'a t', 'b t', 'b t', 'c t'], [], [], 5, [1, 4, 6, 2, 5]],
  ['who has more waits until the others have as many', ['a t', 'b t', 'b t', 'b t', 'b t'], [['a', 2]], [], 4, [2, 3, 1, 4]],
  [
    'of equals the more urgent job comes first',
    ['a t 50', 'b t 10'],
    [
      ['a', 1],
      ['b', 1],
    ],
    [],
    1,
    [2],
  ],
  ['a limited type starts as far as it may, and its caller goes on with others', ['a l', 'a l', 'a t', 'b t'], [], [['l', 1]], 3, [1, 4, 3]],
  ['a limit that is used up by one holds up no other', ['a l', 'b l', 'b t'], [], [['l', 1]], 2, [1, 3]],
  ['nothing more than waits', ['a t'], [], [], 5, [1]],
  ['nothing', [], [], [], 5, []],
]
for (const [what, jobs, running, rooms, count, seqs] of cases) {
  test(`shares: ${what}`, () => {
    const chosen = shareOut({ heads: waiting(...jobs), running: new Map(running), rooms: new Map(rooms), count, each: 99 })
    assert.deepEqual(
      chosen.map((head) => head.seq),
      seqs,
    )
  })
}

test('sharing ends where a caller may have more jobs than were read', () => {
  const share = { heads: waiting('a t', 'a t', 'b t', 'b t'), running: new Map([['b', 5]]), rooms: new Map(), count: 4 }
  assert.equal(shareOut({ ...share, each: 2 }).length, 2)
  assert.equal(shareOut({ ...share, heads: waiting('a t', 'a t', 'b t', 'b t'), each: 3 }).length, 4)
})
