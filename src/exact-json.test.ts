import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exactJson, findLostNumber } from './base/json.ts'

/** A list that is too long for its numbers to be kept as they are written, with one more value at its end. */
const longList = (last: string) => `[${'1.50,'.repeat(100_000)}${last}]`

const kept = [
  '5.0',
  '0.1',
  '-0',
  '-0.0',
  '1e3',
  '1E+3',
  '0.30000000000000004',
  '123456789012345',
  '9007199254740992',
  '1e21',
  '100000000000000000000',
]
for (const number of kept) test(`${number} is the same number as a double`, () => assert.equal(findLostNumber(longList(number)), undefined))

const lost = ['12345678901234567', '0.12345678901234567', '-12345678901234567890', '9007199254740993', '1e400', '1e-400', '1.10000000000000000001']
for (const number of lost) test(`${number} would change as a double`, () => assert.equal(findLostNumber(longList(number)), number))

test('digits in a text are no number', () => {
  assert.equal(findLostNumber(longList('"a\\"12345678901234567"')), undefined)
  assert.equal(findLostNumber(longList('["x, 1e400", {"12345678901234567": true}]')), undefined)
})

test('where numbers are kept none is lost', () => {
  assert.equal(findLostNumber('[12345678901234567890]'), undefined)
  assert.equal(JSON.stringify(exactJson('[12345678901234567890, 5.0]')), '[12345678901234567890,5.0]')
})
