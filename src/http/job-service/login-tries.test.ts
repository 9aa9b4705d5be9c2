import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HttpError } from '../server/errors.ts'
import { LoginTries } from './login-tries.ts'

const minute = 60_000
const is429 = (seconds: number) => (error: unknown) =>
  error instanceof HttpError && error.status === 429 && error.headers['retry-after'] === `${seconds}`

test('an address may fail 20 times in any minute, with whatever names', () => {
  const tries = new LoginTries()
  const begin = (no: number, now: number) => tries.begin({ name: `name ${no}`, address: 'a' }, now)
  for (let no = 0; no < 20; no++) begin(no, no * 1000)
  assert.throws(() => begin(20, 20_000), is429(40))
  assert.throws(() => begin(20, minute - 1), is429(1))
  tries.begin({ name: 'name 0', address: 'b' }, 20_000)
  begin(20, minute)
  assert.throws(() => begin(21, minute), is429(1))
})

test('tries at the same time count before it is known how they end, and right ones no longer', () => {
  const tries = new LoginTries()
  const begin = () => tries.begin({ name: 'maria', address: 'a' }, 0)
  const running = [...Array(20)].map(begin)
  assert.throws(begin, is429(60))
  running[0]?.forget()
  begin().forget()
  begin()
  assert.throws(begin, is429(60))
})

test('failures of a name delay further tries from anywhere, by ten seconds at most', () => {
  const tries = new LoginTries()
  const begin = (no: number, now = 0) => tries.begin({ name: 'maria', address: `address ${no}` }, now).delayMs
  for (let no = 0; no < 20; no++) assert.equal(begin(no), 0)
  assert.deepEqual([begin(20), begin(21), begin(22)], [500, 1000, 1500])
  for (let no = 23; no < 200; no++) begin(no)
  assert.equal(begin(200), 10_000)
  assert.equal(tries.begin({ name: 'jonas', address: 'address 1' }, 0).delayMs, 0)
  assert.equal(begin(201, minute), 0)
})

test('addresses and names beyond ten thousand do not pile up, and the newest still count', () => {
  const tries = new LoginTries()
  for (let no = 0; no < 12_000; no++) tries.begin({ name: `name ${no}`, address: `address ${no}` }, 0)
  for (let no = 0; no < 19; no++) tries.begin({ name: 'name', address: 'address 11999' }, 0)
  assert.throws(() => tries.begin({ name: 'name', address: 'address 11999' }, 0), is429(60))
})
