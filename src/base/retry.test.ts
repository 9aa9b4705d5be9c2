import assert from 'node:assert/strict'
import { test } from 'node:test'
import { conflict, unavailable } from './errors.ts'
import { pauseMs, persist } from './retry.ts'

test('a write is retried while the store does not answer', async () => {
  let tries = 0
  const write = async () => {
    if (++tries < 3) throw unavailable('the database does not answer')
    return 'stored'
  }
  assert.deepEqual([await persist(write, () => true), tries], ['stored', 3])
})

test('a write is not retried after any other error, nor after its caller has given up', async () => {
  let tries = 0
  const failing = (error: Error) => async () => {
    tries++
    throw error
  }
  await assert.rejects(
    persist(failing(conflict('taken')), () => true),
    /taken/,
  )
  await assert.rejects(
    persist(failing(unavailable('no answer')), () => false),
    /no answer/,
  )
  assert.equal(tries, 2)
})

test('pauses double up to their maximum; the random factor takes off at most one half', () => {
  for (const [failures, full] of [
    [0, 100],
    [3, 800],
    [60, 1000],
  ] as const) {
    const ms = pauseMs({ firstMs: 100, maxMs: 1000 }, failures)
    assert.ok(ms >= full / 2 && ms <= full, `${ms}`)
  }
})
