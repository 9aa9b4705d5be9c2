import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseSchedule, type Schedule } from './schedule.ts'

function parse(schedule: unknown, timezone?: unknown, missedRuns?: unknown): Schedule {
  const parsed = parseSchedule({ name: 'x', schedule, timezone, missedRuns })
  if (!parsed) throw new Error('no schedule')
  return parsed
}

/** The next planned times after a moment, in short form. */
function nextTimes(schedule: Schedule, after: string, count: number): string {
  const times: string[] = []
  let at = Date.parse(after)
  for (let no = 0; no < count; no++) {
    at = schedule.next(at)
    times.push(new Date(at).toISOString().slice(5, 16))
  }
  return times.join(' ')
}

const changes: [string, string, string, string, string][] = [
  ['a skipped time is due behind the gap', '30 2 * * *', 'Europe/Berlin', '2026-03-28T12:00Z', '03-29T01:00 03-30T00:30'],
  ['two skipped times are due once', '0,30 2 * * *', 'Europe/Berlin', '2026-03-28T12:00Z', '03-29T01:00 03-30T00:00'],
  ['a time behind the gap stays', '30 2,3 * * *', 'Europe/Berlin', '2026-03-28T12:00Z', '03-29T01:00 03-29T01:30 03-30T00:30'],
  ['a repeated time is due the first time', '30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00Z', '10-25T00:30 10-26T01:30'],
  ['a repeated time is not due again', '30 2 * * *', 'Europe/Berlin', '2026-10-25T00:45Z', '10-26T01:30 10-27T01:30'],
  ['the same where clocks change at another hour', '30 1 * * *', 'America/New_York', '2026-10-31T12:00Z', '11-01T05:30 11-02T06:30'],
  ['a skipped midnight', '0 0 * * *', 'America/Santiago', '2026-09-05T12:00Z', '09-06T04:00 09-07T03:00'],
  ['a gap of half an hour', '15 2 * * *', 'Australia/Lord_Howe', '2026-10-03T12:00Z', '10-03T15:30 10-04T15:15'],
  ['an interval goes on through the gap', '*/30 * * * *', 'Europe/Berlin', '2026-03-29T00:00Z', '03-29T00:30 03-29T01:00 03-29T01:30'],
  ['an interval goes on while an hour repeats', '0 * * * *', 'Europe/Berlin', '2026-10-24T23:30Z', '10-25T00:00 10-25T01:00 10-25T02:00'],
  ['no zone is UTC', '0 5 * * 1', 'UTC', '2026-03-28T12:00Z', '03-30T05:00 04-06T05:00'],
  ['a zone that is not at whole hours', '0 5 * * *', 'Asia/Kolkata', '2026-03-28T12:00Z', '03-28T23:30 03-29T23:30'],
]
for (const [what, text, zone, after, expected] of changes) {
  test(`cron at the change of clocks: ${what}`, () => assert.equal(nextTimes(parse(text, zone), after, expected.split(' ').length), expected))
}

test('a period keeps its rhythm', () => {
  const schedule = parse('every 3h')
  const hour = 3_600_000
  assert.equal(schedule.next(1000), 1000 + 3 * hour)
  assert.equal(schedule.next(10 * hour, 0), 12 * hour)
  assert.equal(schedule.next(12 * hour, 0), 15 * hour)
})

test('planned times of the past are the last ones, in order, each one later than the one before', () => {
  const rules = ['every 1m', 'every 90m', '*/7 * * * *', '30 2 * * *', '0 0 1 * *']
  const arbitrary = [
    fc.constantFrom(...rules),
    fc.integer({ min: 1_700_000_000_000, max: 1_800_000_000_000 }),
    fc.nat(1_000_000_000),
    fc.integer({ min: 1, max: 9 }),
  ] as const
  fc.assert(
    fc.property(...arbitrary, (rule, start, late, most) => {
      const schedule = parse(rule, 'Europe/Berlin')
      const planned = schedule.next(start)
      const until = planned + late
      const all: number[] = []
      for (let at = planned; at <= until && all.length < 20_000; at = schedule.next(at, planned)) all.push(at)
      assert.deepEqual(schedule.between(planned, until, most), all.slice(-most))
      assert.deepEqual(schedule.between(planned, planned - 1, most), [])
    }),
    { numRuns: 25 },
  )
})

for (const [schedule, timezone, missedRuns, message] of [
  ['every 5s', undefined, undefined, /job type x: Schedule may not be shorter/],
  ['every', undefined, undefined, /job type x: .*unit/],
  ['* * * * * *', undefined, undefined, /like "every 3h" or five fields/],
  ['@daily', undefined, undefined, /like "every 3h" or five fields/],
  ['61 * * * *', undefined, undefined, /"61 \* \* \* \*" cannot be read: Invalid value for minute: 61/],
  ['0 0 31 2 *', undefined, undefined, /has no time to come/],
  ['0 5 * * *', 'Mars/Base', undefined, /job type x: timezone must be a name like "Europe\/Berlin", got "Mars\/Base"$/],
  [5, undefined, undefined, /must be texts/],
  ['every 3h', undefined, 'some', /missedRuns must be skip, once or all, got "some"/],
] as const) {
  test(`${JSON.stringify([schedule, timezone, missedRuns])} is refused, saying what was wanted`, () => {
    assert.throws(() => parse(schedule, timezone, missedRuns), message)
  })
}

test('two spellings of one rule are the same, another zone is another', () => {
  assert.equal(parse(' 0  5 * * * ').rule, parse('0 5 * * *', 'UTC').rule)
  assert.notEqual(parse('0 5 * * *', 'Europe/Berlin').rule, parse('0 5 * * *').rule)
})
