import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { fold, foldedPrefix, tokenize, tokenizeAll } from './tokenizer.ts'

const table: readonly (readonly [string, readonly string[]])[] = [
  ['City Trees', ['citi', 'tree']],
  ['river', ['river']],
  ['Rivers', ['river']],
  ['foo-bar example.org/x', ['foo', 'bar', 'exampl', 'org', 'x']],
  ['thümb', ['thümb']],
  ['ﬁle ①', ['file', '1']],
  ['हिन्दी 𐐀𐐁', ['हिन्दी', '𐐨𐐩']],
  ['a😀b', ['a', 'b']],
  ['"AND" col:x -a * (', ['and', 'col', 'x', 'a']],
  ['', []],
]

for (const [text, tokens] of table) {
  test(`the words of ${JSON.stringify(text)}`, () => assert.deepEqual(tokenize(text), tokens))
}

test('a token is never longer than 100 characters and has letters, marks and digits only', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
      for (const token of tokenize(text)) assert.match(token, /^[\p{L}\p{M}\p{N}]{1,100}$/u)
    }),
  )
})

test('the words of many texts are told once, and end at a limit', () => {
  assert.deepEqual(tokenizeAll(['tree trees', null, '', 'river']), ['tree', 'river'])
  const many = tokenizeAll([Array.from({ length: 50_000 }, (_, at) => `w${at}`).join(' ')])
  assert.ok(many.join(' ').length <= 100_000)
})

test('folded texts have no capitals, and their prefix fits an index', () => {
  assert.equal(fold('ÀB'), 'àb')
  assert.equal([...foldedPrefix('😀'.repeat(900))].length, 200)
})
