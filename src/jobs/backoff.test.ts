import assert from 'node:assert/strict'
import { test } from 'node:test'
import { backoffMs, defaultRetry, isRetried } from './backoff.ts'

test('waits between attempts grow four times each, up to five minutes, and lie between half and all of that', () => {
  const waits = (random: number) => [1, 2, 3, 4, 5, 6, 60].map((attempt) => backoffMs(defaultRetry, attempt, () => random))
  assert.deepEqual(waits(1), [1_000, 4_000, 16_000, 64_000, 256_000, 300_000, 300_000])
  assert.deepEqual(waits(0), [500, 2_000, 8_000, 32_000, 128_000, 150_000, 150_000])
  const dispersed = new Set([...Array(20)].map(() => backoffMs(defaultRetry, 5)))
  assert.ok(dispersed.size > 1)
})

test('only a failure of the system is tried again, and only while attempts are left', () => {
  const isAgain = (kind: 'system' | 'data' | 'job', attempts: number) =>
    isRetried(defaultRetry, { class: kind, reason: 'any', message: 'any' }, { attempts, maxAttempts: 3 })
  assert.deepEqual([isAgain('system', 1), isAgain('system', 2), isAgain('system', 3)], [true, true, false])
  assert.deepEqual([isAgain('data', 1), isAgain('job', 1)], [false, false])
})
