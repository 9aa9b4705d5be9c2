import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LineReader, maxLineBytes } from './child-protocol.ts'

test('lines are found wherever the chunks are cut, in the middle of a character too', () => {
  const reader = new LineReader()
  const bytes = Buffer.from('one\nzwö\n\nthree')
  const lines = [...bytes].flatMap((byte) => reader.push(Buffer.of(byte)))
  assert.deepEqual([...lines, ...reader.push(Buffer.from('\nfour\nfive\n'))], ['one', 'zwö', '', 'three', 'four', 'five'])
})

test('a line that never ends is refused before it fills the memory', () => {
  const reader = new LineReader()
  const chunk = Buffer.alloc(maxLineBytes / 8, 'x')
  for (let at = 0; at < 8; at++) assert.deepEqual(reader.push(chunk), [])
  assert.throws(() => reader.push(Buffer.of(120)), RangeError)
})
