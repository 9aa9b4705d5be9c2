import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { JsonText } from '../cell.ts'
import { type JsonItem, JsonObjectRow } from './cursor.ts'
import { JsonArrayScanner, JsonLinesScanner } from './scanner.ts'

interface ItemScanner {
  read(piece: string, isLast: boolean): JsonItem[]
}

/** The result of JSON.parse for the same text. */
function plain(item: JsonItem): unknown {
  if (item instanceof JsonObjectRow) return Object.fromEntries(item.keys.map((key, at) => [key, plain(item.cells[at])]))
  if (Array.isArray(item)) return item.map(plain)
  return item instanceof JsonText ? JSON.parse(item.text) : item
}

function readAll(scanner: ItemScanner, text: string, cuts: readonly number[] = []): unknown[] {
  const places = [0, ...cuts.map((cut) => Math.min(cut, text.length)).sort((one, other) => one - other), text.length]
  const pieces = places.slice(1).map((place, index) => text.slice(places[index], place))
  return [...pieces.flatMap((piece) => scanner.read(piece, false)), ...scanner.read('', true)].map(plain)
}

const items = fc.array(fc.jsonValue({ maxDepth: 3 }), { maxLength: 12 })

test('an array is read item by item, however it is split and spaced', () => {
  fc.assert(
    fc.property(items, fc.constantFrom(0, 1, 2), fc.array(fc.nat(300), { maxLength: 10 }), (values, spaces, cuts) => {
      const text = JSON.stringify(values, null, spaces)
      assert.deepEqual(readAll(new JsonArrayScanner(), text, cuts), JSON.parse(text))
    }),
  )
})

test('lines are read item by item, and empty lines are skipped', () => {
  fc.assert(
    fc.property(items, fc.array(fc.nat(300), { maxLength: 10 }), (values, cuts) => {
      const lines = values.map((value) => JSON.stringify(value))
      assert.deepEqual(
        readAll(new JsonLinesScanner(), lines.join('\n\n'), cuts),
        lines.map((line) => JSON.parse(line)),
      )
    }),
  )
})

const number = fc.stringMatching(/^-?(?:0|[1-9]\d{0,30})(?:\.\d{1,30})?(?:[eE][+-]?\d{1,3})?$/)

test('numbers are kept as written, wherever the text is split', () => {
  fc.assert(
    fc.property(fc.array(number, { minLength: 1, maxLength: 8 }), fc.array(fc.nat(100), { maxLength: 10 }), (numbers, cuts) => {
      const scanner = new JsonArrayScanner()
      const text = `[${numbers.map((one) => `{"n": ${one}, "in": [{"x": ${one} }]}`).join()}]`
      const places = [0, ...cuts.map((cut) => Math.min(cut, text.length)).sort((one, other) => one - other), text.length]
      const rows = places.slice(1).flatMap((place, index) => scanner.read(text.slice(places[index], place), false))
      const cells = [...rows, ...scanner.read('', true)].map((row) => row instanceof JsonObjectRow && row.cells)
      assert.deepEqual(
        cells,
        numbers.map((one) => [new JsonText(one), new JsonText(`[{"x":${one}}]`)]),
      )
    }),
  )
})

test('a duplicate key is returned twice', () => {
  const [row] = new JsonArrayScanner().read('[{"a": 1, "a": 2, "__proto__": 3}]', true)
  assert.ok(row instanceof JsonObjectRow)
  assert.deepEqual(row.keys, ['a', 'a', '__proto__'])
})

test('deeply nested values are read, and values above the limit of levels are refused', () => {
  const nested = (depth: number) => `[{"a": ${'['.repeat(depth)}${']'.repeat(depth)}}]`
  const [row] = new JsonArrayScanner().read(nested(1000), true)
  assert.equal(row instanceof JsonObjectRow && row.cells[0] instanceof JsonText && row.cells[0].text.length, 2000)
  for (const text of [nested(1001), nested(1_000_000), `[{"a": ${'['.repeat(1_000_000)}`])
    assert.throws(() => new JsonArrayScanner().read(text, true), /nests deeper than 1000 levels/)
})

test('long texts of any kind are read without a stack overflow', () => {
  for (const text of [
    `"${'\\n'.repeat(4_000_000)}"`,
    `"${'\\\\'.repeat(4_000_000)}"`,
    `[${' '.repeat(8_000_000)}]`,
    `{"a": "${'\\"'.repeat(4_000_000)}"}`,
  ])
    assert.equal(new JsonArrayScanner().read(`[[${text} ]]`, true).length, 1)
})

test('a row of many pieces is read once it is complete; a row that is too long is refused', () => {
  const scanner = new JsonArrayScanner()
  const piece = 'x'.repeat(64 * 1024)
  const rows = [scanner.read('["', false), ...Array.from({ length: 200 }, () => scanner.read(piece, false)), scanner.read('"]', true)].flat()
  assert.equal(String(rows[0]).length, 200 * piece.length)
  const endless = new JsonArrayScanner()
  assert.throws(() => {
    for (let count = 0; count < 600; count++) endless.read(count === 0 ? '["' : piece, false)
  }, /row 1 is longer than/)
})

const broken: readonly (readonly [string, RegExp])[] = [
  ['{"a": 1}', /not a JSON array of rows/],
  ['[1, 2', /has no end/],
  ['["a', /has no end/],
  ['[1] x', /text after the end/],
  ['[1, x]', /are not JSON/],
  ['[1,,2]', /are not JSON/],
  ['[1 2]', /are not JSON/],
  ['[01]', /are not JSON/],
  ['[1.]', /are not JSON/],
  ['[NaN]', /are not JSON/],
  ['[{"a" 1}]', /are not JSON/],
  ['[{a: 1}]', /are not JSON/],
  ['["a\nb"]', /are not JSON/],
  ['["\\x"]', /are not JSON/],
  ['[{"a": [1,]}]', /are not JSON/],
  ['[1, tru', /has no end/],
  ['', /has no end/],
]
for (const [text, problem] of broken) {
  test(`${JSON.stringify(text)} is refused as an array`, () => {
    for (let cut = 0; cut <= text.length; cut++) assert.throws(() => readAll(new JsonArrayScanner(), text, [cut]), problem)
  })
}

for (const text of ['1\n2,3\n', '1\n2 3\n', '1\n[2,\n3]\n', '1\n{"a": 2', '1\nx\n', '1\n"a\n"\n']) {
  test(`the lines ${JSON.stringify(text)} are refused, since the second is not one value`, () => {
    for (let cut = 0; cut <= text.length; cut++)
      assert.throws(() => readAll(new JsonLinesScanner(), text, [cut]), /the line after row 1 does not hold exactly one JSON value/)
  })
}

test('rows keep their own keys, whatever keys the previous rows have', () => {
  const row = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'ab', '"', '__proto__'), fc.integer(), { maxKeys: 4 })
  fc.assert(
    fc.property(fc.array(row, { maxLength: 8 }), fc.constantFrom(0, 1), (rows, spaces) => {
      const text = JSON.stringify(rows, null, spaces)
      assert.deepEqual(readAll(new JsonArrayScanner(), text), JSON.parse(text))
      const lines = rows.map((one) => JSON.stringify(one)).join('\n')
      assert.deepEqual(readAll(new JsonLinesScanner(), lines), JSON.parse(text))
    }),
  )
})
