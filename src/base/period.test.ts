import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DomainError } from './errors.ts'
import { nextDueAt, parsePeriod } from './period.ts'

const minute = 60_000

for (const [text, period] of [
  ['every 60s', minute],
  ['every 3h', 180 * minute],
  ['  every    4d   ', 4 * 1440 * minute],
  [' every 5w\n', 35 * 1440 * minute],
  ['every 90m', 90 * minute],
] as const) {
  test(`${JSON.stringify(text)} is a schedule of ${period} ms`, () => assert.equal(parsePeriod(text), period))
}

test('null and undefined are no schedule', () => {
  assert.equal(parsePeriod(null), undefined)
  assert.equal(parsePeriod(undefined), undefined)
})

for (const [value, message] of [
  [60, /text like/],
  [{}, /text like/],
  ['3h', /start with/],
  ['everyday', /start with/],
  ['every 6z', /unit/],
  ['every ', /unit/],
  ['every', /unit/],
  ['every 1s', /shorter/],
  ['every 0w', /shorter/],
  ['every 4.2w', /whole number/],
  ['every -4w', /whole number/],
  ['every w', /whole number/],
  ['every 99999999999999999999w', /longer/],
] as const) {
  test(`${JSON.stringify(value)} is refused with the expected form`, () => {
    assert.throws(
      () => parsePeriod(value),
      (error) => error instanceof DomainError && error.code === 'invalid' && message.test(error.message),
    )
  })
}

test('the next time is one period away at first, stays while it is in the future, and advances by whole periods', () => {
  assert.equal(nextDueAt(undefined, 60, 1000), 1060)
  assert.equal(nextDueAt(1001, 60, 1000), 1001)
  assert.equal(nextDueAt(999, 60, 1000), 1059)
  assert.equal(nextDueAt(10, 60, 1000), 1030)
})

test('an advanced time is not in the past, is less than a period away, and keeps the phase', () => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 10_000 }), fc.nat(), (stored, period, now) => {
      const next = nextDueAt(stored, period, now)
      assert.ok(next >= now)
      if (stored < now) assert.ok(next < now + period)
      assert.equal((next - stored) % period, 0)
    }),
  )
})
