import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HttpError } from '../errors.ts'
import { SubmissionRate } from './submission-rate.ts'

test('one key may submit so many jobs in a second, then it is told to wait, and others are not', () => {
  const rate = new SubmissionRate(3)
  for (let no = 0; no < 3; no++) rate.admit('one', 1000 + no)
  assert.throws(
    () => rate.admit('one', 1999),
    (error) => error instanceof HttpError && error.status === 429 && error.headers['retry-after'] === '1' && /at most 3 a second/.test(error.message),
  )
  rate.admit('other', 1999)
  rate.admit(1, 1999)
  rate.admit('one', 2000)
})

test('keys beyond ten thousand do not pile up, and the newest still count', () => {
  const rate = new SubmissionRate(1)
  for (let no = 0; no < 20_000; no++) rate.admit(`key ${no}`, 1000)
  assert.throws(() => rate.admit('key 19999', 1000), HttpError)
})
