import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { JsonArrayScanner, JsonLinesScanner } from './json-scanner.ts'

interface ItemScanner {
  read(piece: string, isLast: boolean): unknown[]
}

function readAll(scanner: ItemScanner, text: string, cuts: readonly number[] = []): unknown[] {
  const places = [0, ...cuts.map((cut) => Math.min(cut, text.length)).sort((one, other) => one - other), text.length]
  const pieces = places.slice(1).map((place, index) => text.slice(places[index], place))
  return [...pieces.flatMap((piece) => scanner.read(piece, false)), ...scanner.read('', true)]
}

const items = fc.array(
  fc.jsonValue({ maxDepth: 3 }).filter((value) => !/\d{16}/.test(JSON.stringify(value))),
  { maxLength: 12 },
)

test('an array is read item by item, however it is cut and spaced', () => {
  fc.assert(
    fc.property(items, fc.constantFrom(0, 1, 2), fc.array(fc.nat(300), { maxLength: 10 }), (values, spaces, cuts) => {
      const text = JSON.stringify(values, null, spaces)
      assert.deepEqual(readAll(new JsonArrayScanner(), text, cuts), JSON.parse(text))
    }),
  )
})

test('lines are read item by item, empty ones passed over', () => {
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

test('whole numbers beyond the precision of a double keep their digits', () => {
  assert.deepEqual(readAll(new JsonArrayScanner(), '[{"id": 12345678901234567890, "x": 1.5}]'), [{ id: '12345678901234567890', x: 1.5 }])
})

const broken: readonly (readonly [string, RegExp])[] = [
  ['{"a": 1}', /not a JSON array of rows/],
  ['[1, 2', /breaks off/],
  ['["a', /breaks off/],
  ['[1] x', /goes on after the end/],
  ['[1, x]', /are not JSON/],
  ['[1,,2]', /are not JSON/],
  ['', /breaks off/],
]
for (const [text, problem] of broken) {
  test(`${JSON.stringify(text)} is refused as an array`, () => {
    for (let cut = 0; cut <= text.length; cut++) assert.throws(() => readAll(new JsonArrayScanner(), text, [cut]), problem)
  })
}

test('a line with two values is refused', () => {
  assert.throws(() => readAll(new JsonLinesScanner(), '1\n2,3\n'), /exactly one JSON value/)
})
