import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { foldText, tokenize } from './search/tokenizer.ts'
import { foldInTurns, textPieces } from './text-pieces.ts'

const parts = [
  'a',
  'Straße ',
  'é',
  'e\u0301\u0316',
  'и\u0306',
  'Σ ',
  'ΑΣ',
  '  ',
  '\n\u00a0',
  ' ´',
  '한',
  '\u1112\u1161\u11ab',
  'ﬁ',
  'ｶ\uff9e',
  '😀',
  '\ufdfa',
  '東京。',
  'ภาษา',
  '\u0e33',
  'שָׁ',
]
const texts = fc.array(fc.constantFrom(...parts), { maxLength: 60 }).map((some) => some.join(''))

test('a text folded in pieces is the text folded at once', async () => {
  await fc.assert(
    fc.asyncProperty(texts, async (text) => {
      assert.equal([...textPieces(text, 24)].join(''), text)
      assert.equal(await foldInTurns(text, 24), foldText(text))
    }),
    { numRuns: 500 },
  )
})

test('words are cut between words, where there is a place', () => {
  const text = 'several words of a text 東京都。大阪府、京都府 '.repeat(20)
  const pieces = [...textPieces(text, 64)]
  assert.ok(pieces.length > 5 && pieces.every((piece) => piece.length <= 64))
  assert.deepEqual(pieces.flatMap(tokenize), tokenize(text))
})

test('marks without number upon one letter are folded in a time that grows with their number', () => {
  for (const marks of ['\u0301\u0316', '\uff9e\u0301']) {
    const folded = foldText(`a${marks.repeat(200_000)} b`)
    assert.ok(folded.length <= 35 && folded.endsWith(' b'), `${folded.length} characters`)
  }
})
