import assert from 'node:assert/strict'
import { test } from 'node:test'
import { showProgress } from './progress.ts'

function collect(isTTY: boolean) {
  const written: string[] = []
  let now = 0
  const output = { isTTY, write: (text: string) => written.push(text) }
  const progress = showProgress('datasets', 4, { output, clock: () => now })
  return { written, progress, pass: (ms: number) => (now += ms) }
}

test('on a terminal each change redraws the bar', () => {
  const { written, progress } = collect(true)
  progress.update(0)
  progress.update(2, '1 failed')
  progress.update(2, '1 failed')
  progress.update(9)
  progress.end()
  assert.deepEqual(written, [
    `\r\x1b[K[${'.'.repeat(30)}] datasets 0 of 4`,
    `\r\x1b[K[${'#'.repeat(15)}${'.'.repeat(15)}] datasets 2 of 4, 1 failed`,
    `\r\x1b[K[${'#'.repeat(30)}] datasets 9 of 4`,
    '\n',
  ])
})

test('without a terminal there is a line every ten seconds', () => {
  const { written, progress, pass } = collect(false)
  progress.update(1)
  pass(9_999)
  progress.update(2)
  pass(1)
  progress.update(3, '1 failed')
  progress.update(4)
  progress.end()
  assert.deepEqual(written, ['datasets 3 of 4, 1 failed\n'])
})
