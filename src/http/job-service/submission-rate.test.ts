import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HttpError } from '../server/errors.ts'
import { SubmissionRate } from './submission-rate.ts'

test('one key may submit so many jobs in a second, then it is told to wait, and others are not', () => {
  const rate = new SubmissionRate({ ofKey: 3 })
  const admit = (apiKey: unknown, now: number) => rate.admit({ apiKey, address: '192.0.2.1' }, now)
  for (let no = 0; no < 3; no++) admit('one', 1000 + no)
  assert.throws(
    () => admit('one', 1999),
    (error) => error instanceof HttpError && error.status === 429 && error.headers['retry-after'] === '1' && /at most 3 a second/.test(error.message),
  )
  admit('other', 1999)
  admit(1, 1999)
  admit('one', 2000)
})

test('keys beyond ten thousand do not pile up, and the newest still count', () => {
  const rate = new SubmissionRate({ ofKey: 1, ofAddress: 30_000 })
  const admit = (apiKey: string) => rate.admit({ apiKey, address: '192.0.2.1' }, 1000)
  for (let no = 0; no < 20_000; no++) admit(`key ${no}`)
  assert.throws(() => admit('key 19999'), HttpError)
})

test('one address may submit so many jobs in a second, whatever keys it makes up', () => {
  const rate = new SubmissionRate({ ofAddress: 3 })
  for (let no = 0; no < 3; no++) rate.admit({ apiKey: `key ${no}`, address: '192.0.2.1' }, 1000)
  assert.throws(
    () => rate.admit({ apiKey: 'key 3', address: '192.0.2.1' }, 1999),
    (error) => error instanceof HttpError && error.status === 429 && /at most 3 a second may be submitted from one address/.test(error.message),
  )
  rate.admit({ apiKey: 'key 3', address: '192.0.2.2' }, 1999)
  rate.admit({ apiKey: 'key 3', address: '192.0.2.1' }, 2000)
})
