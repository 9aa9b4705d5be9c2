import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import Papa from 'papaparse'
import { EscapedCsvScanner } from './escaped-scanner.ts'
import { CsvScanner, type RowScanner } from './scanner.ts'
import { sniffDelimiter } from './sniff.ts'

const plain = { delimiter: ',', quote: '"' }
const general = () => new EscapedCsvScanner({ ...plain, escapeCharacter: undefined, hasDoubledQuotes: true })

/** Reads text in pieces that are split at the cuts. */
function readAll(scanner: RowScanner, text: string, cuts: readonly number[] = []): string[][] {
  const places = [0, ...cuts.map((cut) => Math.min(cut, text.length)).sort((one, other) => one - other), text.length]
  const pieces = places.slice(1).map((place, index) => text.slice(places[index], place))
  return [...pieces.flatMap((piece) => scanner.read(piece, false)), ...scanner.read('', true)]
}

const texts: readonly (readonly [string, string, string[][]])[] = [
  [
    'plain rows',
    'a,b\n1,2\n',
    [
      ['a', 'b'],
      ['1', '2'],
    ],
  ],
  [
    'a last row without its line end',
    'a,b\n1,2',
    [
      ['a', 'b'],
      ['1', '2'],
    ],
  ],
  [
    'carriage returns before line ends',
    'a,b\r\n"1",2\r\n',
    [
      ['a', 'b'],
      ['1', '2'],
    ],
  ],
  ['line breaks in quotes', '"a\nb",c\n', [['a\nb', 'c']]],
  ['delimiters in quotes', '"a,b",c\n', [['a,b', 'c']]],
  ['doubled quotes', '"say ""hi""",""""\n', [['say "hi"', '"']]],
  [
    'empty cells',
    ',\n"",\n',
    [
      ['', ''],
      ['', ''],
    ],
  ],
  ['empty rows', 'a\n\nb\n', [['a'], [''], ['b']]],
  ['spaces around cells', ' a , "b" ,\u00a0c\t\n', [['a', 'b', 'c']]],
  ['quotes inside of a value', 'a"b"c,d\n', [['a"b"c', 'd']]],
  ['text after a closing quote', '"a"b,c\n', [['ab', 'c']]],
  ['an empty value in quotes without a line end', '""', [['']]],
]
for (const [name, text, rows] of texts) {
  test(`${name} are read at every cut, by both scanners`, () => {
    for (let cut = 0; cut <= text.length; cut++) {
      assert.deepEqual(readAll(new CsvScanner(plain), text, [cut]), rows, `cut at ${cut}`)
      assert.deepEqual(readAll(general(), text, [cut]), rows, `cut at ${cut}, general`)
    }
  })
}

/** The faults (row and problem) that both scanners find in a text that is read in two pieces. */
function findBroken(text: string, cut: number, form: object = {}): (readonly [number, string])[][] {
  const scanners = [
    new CsvScanner({ ...plain, ...form }),
    new EscapedCsvScanner({ ...plain, escapeCharacter: undefined, hasDoubledQuotes: true, ...form }),
  ]
  return scanners.map((scanner) => {
    let rows = 0
    return [text.slice(0, cut), text.slice(cut), ''].flatMap((piece, index) => {
      const found = scanner.read(piece, index === 2)
      const broken = [...scanner.broken].map(([place, problem]) => [rows + place, problem] as const)
      rows += found.length
      return broken
    })
  })
}

for (const [text, row, rest] of [
  ['id,note\n1,"he said "hi", then left"\n2,x\n', 1, 'hi\\\\""'],
  ['a,b\n1,"open\n2,x\n3,"y"\n4,z\n', 1, 'y'],
  ['"a"b,c\n', 0, '"b"'],
] as const) {
  test(`a stray quote in ${JSON.stringify(text)} is reported with its row at every cut, by both scanners`, () => {
    for (let cut = 0; cut <= text.length; cut++) {
      for (const [first] of findBroken(text, cut)) {
        assert.equal(first?.[0], row, `cut at ${cut}`)
        assert.match(first?.[1] ?? '', new RegExp(`has .*${rest}.* after the closing quote of a value`))
      }
    }
  })
}

test('spaces after a closing quote and quotes inside unquoted values are not faults', () => {
  const text = 'a,b\r\n"1" ,5" pipe\r\n"2"\t,"x"\r\n'
  for (let cut = 0; cut <= text.length; cut++) assert.deepEqual(findBroken(text, cut), [[], []], `cut at ${cut}`)
})

test('a line end of another kind inside an unquoted value is reported with its row', () => {
  const brokenRows = (text: string) => readBroken(new CsvScanner(plain), text)
  assert.deepEqual(brokenRows('a\n1\r2\n3\n"4\r5"\n6\r\n'), [1])
  assert.deepEqual(brokenRows('a\r1\r2\n3\n'), [0])
  const old = new CsvScanner(plain)
  old.read('a\r1\r', false)
  old.read('2\n3\r', true)
  assert.deepEqual([...old.broken.keys()], [0])
})

function readBroken(scanner: RowScanner, text: string): number[] {
  scanner.read(text, true)
  return [...scanner.broken.keys()]
}

test('comment lines have no cells; quoted values are not comments', () => {
  const text = '# it\'s "odd, "x\na,b\n"#1",2\n #3,4\n#'
  for (let cut = 0; cut <= text.length; cut++) {
    const form = { ...plain, comments: ['#'] }
    for (const scanner of [new CsvScanner(form), new EscapedCsvScanner({ ...form, escapeCharacter: undefined, hasDoubledQuotes: true })])
      assert.deepEqual(readAll(scanner, text, [cut]).slice(0, 4), [[], ['a', 'b'], ['#1', '2'], []], `cut at ${cut}`)
  }
})

test('an escape character at the end of a file is a fault', () => {
  const scanner = new EscapedCsvScanner({ ...plain, escapeCharacter: '\\', hasDoubledQuotes: true })
  assert.deepEqual(readBroken(scanner, 'a\nb\\'), [1])
})

test('carriage returns end lines when the file has no other line ends', () => {
  assert.deepEqual(readAll(new CsvScanner(plain), 'a,b\r1,2\r', [4]), [
    ['a', 'b'],
    ['1', '2'],
  ])
})

test('an unclosed quote is reported with its row', () => {
  for (const scanner of [new CsvScanner(plain), general()]) {
    assert.throws(() => readAll(scanner, 'a,b\n1,"2\n3,4\n'), { name: 'UnreadableTable', message: 'row 2: a quoted value does not end' })
  }
})

test('a row without an end is refused before it fills the memory', () => {
  const scanner = new CsvScanner(plain)
  const piece = 'x'.repeat(1 << 20)
  assert.throws(() => {
    scanner.read('a,b\n"', false)
    for (let count = 0; count < 20; count++) scanner.read(piece, false)
  }, /row 2 is longer than \d+ characters/)
})

test('an escape character makes the next one literal', () => {
  const scanner = new EscapedCsvScanner({ ...plain, escapeCharacter: '\\', hasDoubledQuotes: false })
  assert.deepEqual(readAll(scanner, 'a\\,b,"c\\"d"\n'), [['a,b', 'c"d']])
})

test('without quotes in the dialect they are plain characters', () => {
  assert.deepEqual(readAll(new CsvScanner({ delimiter: ';', quote: '' }), '"a;b"\n'), [['"a', 'b"']])
})

const cell = fc.oneof(fc.string({ unit: fc.constantFrom('a', 'é', '"', ',', '\n', '\r\n', ' ', '7') }), fc.string())
const table = fc
  .integer({ min: 1, max: 5 })
  .chain((width) => fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 20 }))

test('text of another CSV writer is read alike by both scanners, however it is split', () => {
  fc.assert(
    fc.property(table, fc.array(fc.nat(400), { maxLength: 8 }), (rows, cuts) => {
      const text = Papa.unparse(rows, { newline: '\n', quotes: true })
      const expected = rows.map((row) => row.map((value) => value.trim()))
      assert.deepEqual(readAll(new CsvScanner(plain), text, cuts), expected)
      assert.deepEqual(readAll(general(), text, cuts), expected)
    }),
  )
})

test('unquoted text is read as another parser reads it', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', ',', '\n', '7', 'é') })
  fc.assert(
    fc.property(text, fc.array(fc.nat(60), { maxLength: 4 }), (written, cuts) => {
      const expected = Papa.parse<string[]>(written, { delimiter: ',', newline: '\n' }).data
      // The other parser sees one more, empty row after a last line end.
      if (written === '' || written.endsWith('\n')) expected.pop()
      assert.deepEqual(readAll(new CsvScanner(plain), written, cuts), expected)
    }),
  )
})

const samples: readonly (readonly [string, string])[] = [
  ['a;b;c\n1,5;2;3\n2,5;3;4\n', ';'],
  ['a\tb\n1\t2\n', '\t'],
  ['a|b\n1|2\n', '|'],
  ['a,b\n1;2,3\n4;5,6\n', ','],
  ['name\nann; bob\ncleo\n', ','],
  ['"a;b",c\n"d;e",f\n', ','],
  ['a;b', ';'],
  ['', ','],
]
for (const [text, delimiter] of samples) {
  test(`the delimiter of ${JSON.stringify(text)} is found to be ${JSON.stringify(delimiter)}`, () =>
    assert.equal(sniffDelimiter(text, '"'), delimiter))
}
