import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { addressToken } from './mark.ts'
import { fold, foldedPrefix, foldText, readWords, tokenize } from './tokenizer.ts'
import { readSearchWords } from './words.ts'

const table: readonly (readonly [string, readonly string[]])[] = [
  ['City Trees', ['citi', 'tree']],
  ['river', ['river']],
  ['Rivers', ['river']],
  ['foo-bar example.org/x', ['foo', 'bar', 'exampl', 'org', 'x']],
  ['thümb Straße Søren ё й', ['thumb', 'strass', 'soren', 'е', 'й']],
  ['東京都 2020年 서울시 がく', ['東京', '京都', '2020', '年', '서울', '울시', 'がく']],
  ['กรุงเทพ', ['กร', 'รุ', 'ุง', 'งเ', 'เท', 'ทพ']],
  ['C++ C# C c++11 a+b x#y F#', ['c＋＋', 'c＃', 'c', 'c＋＋', '11', 'a', 'b', 'x', 'y', 'f＃']],
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
      for (const token of tokenize(text)) assert.match(token, /^[\p{L}\p{M}\p{N}＋＃]{1,100}$/u)
    }),
  )
})

test('a word knows its spelling with accents', () => {
  assert.deepEqual(
    readWords('München cities').map(({ tokens, plain, accented }) => [tokens, plain, accented]),
    [
      [['munchen'], 'munchen', 'münchen'],
      [['citi'], 'cities', undefined],
    ],
  )
})

test('what the index keeps of a dataset: places for phrases, whole words, spellings, single characters, addresses', async () => {
  const words = await readSearchWords({ heading: ['city', 'Ünder 東京'], body: ['cities', null, 'under'], addresses: ['HTTPS://a.example/b/', ''] })
  assert.deepEqual(words.heading, { sequence: ['citi', '', 'under', '東京'], others: ['¦city', 'ünder', '東', '京'] })
  assert.deepEqual(words.body.sequence, ['citi', '', 'under'])
  assert.deepEqual(words.body.others, ['¦cities', addressToken('http://A.example/b')])
  assert.deepEqual((await readSearchWords({ heading: ['Ünder'], body: [], addresses: [] })).body.others, ['¬under'])
})

test('the words of a long text end at a limit, its places and those of one word before', async () => {
  const { body } = await readSearchWords({ heading: [], body: [Array.from({ length: 50_000 }, (_, at) => `w${at}`).join(' ')], addresses: [] })
  assert.ok([...body.sequence, ...body.others].join(' ').length <= 100_200)
  assert.equal(body.sequence.length, 15_000)
  const same = (await readSearchWords({ heading: [], body: ['tree '.repeat(20_000)], addresses: [] })).body
  assert.deepEqual(same, { sequence: [...Array(200).fill('tree'), ''], others: ['tree'] })
})

test('folded texts have no capitals, and their prefix fits an index', () => {
  assert.equal(fold('ÀB'), 'àb')
  assert.equal(foldText('Ünder  the\nŒuvre'), 'under the oeuvre')
  assert.equal([...foldedPrefix('😀'.repeat(900))].length, 200)
})
