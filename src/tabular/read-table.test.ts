import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Cell, JsonText } from './cell.ts'
import { parseReading } from './dialect.ts'
import { FaultList } from './faults.ts'
import { openTable } from './read-table.ts'

let folder = ''
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-table-'))
})
after(() => rm(folder, { recursive: true, force: true }))

interface Read {
  readonly names: readonly string[]
  readonly rows: unknown[][]
  readonly numbers: number[]
  readonly encoding: string
  readonly faults: readonly string[]
  readonly warnings: readonly string[]
}

/** The result of JSON.parse for a number, an object or an array of a JSON file. */
const plain = (cell: Cell): unknown => (cell instanceof JsonText ? JSON.parse(cell.text) : cell)

/** The publisher's description of the file: keys of the resource, `options` of the reader, names of the schema's fields. */
interface Told {
  readonly format?: string
  readonly encoding?: string
  readonly dialect?: object
  readonly options?: object
  readonly fieldNames?: readonly string[]
}

async function read(content: string | Uint8Array, { options, fieldNames = [], ...resource }: Told = {}): Promise<Read> {
  const localPath = join(folder, 'file')
  await writeFile(localPath, content)
  const faults = new FaultList('R', 'file')
  const table = await openTable({ localPath, reading: parseReading(resource, options), fieldNames }, faults)
  const rows: unknown[][] = []
  const numbers: number[] = []
  for await (const batch of table.batches) {
    rows.push(...batch.rows.map((row) => row.slice(0, table.header.names.length).map(plain)))
    numbers.push(...batch.numbers)
  }
  return { names: table.header.names, rows, numbers, encoding: table.encoding, faults: faults.lines(), warnings: faults.warnings }
}

test('empty rows are skipped but counted', async () => {
  const { names, rows, numbers } = await read('\n a ,b\n\n1,2\n,\n3,4\n')
  assert.deepEqual(names, ['a', 'b'])
  assert.deepEqual(rows, [
    ['1', '2'],
    ['3', '4'],
  ])
  assert.deepEqual(numbers, [4, 6])
})

test('columns without a name or a value are left out with a warning, repeated names are numbered', async () => {
  const { names, rows, faults, warnings } = await read('a,,a,a_1,\n1,,3,4,\n')
  assert.deepEqual(names, ['a', 'a_1', 'a_1_1'])
  assert.deepEqual(rows, [['1', '3', '4']])
  assert.deepEqual([faults, warnings], [[], ['file: columns 2, 5 have neither names nor values and are left out']])
})

test('a value in a column without a name is a fault, once for each column', async () => {
  const { faults, warnings } = await read('a,,b,,\n1,,2,,\n1,x,2,,\n1,y,2,,z\n')
  assert.deepEqual(faults, [
    'R: file row 3: "x" is in column 2, which has no name in the header',
    'R: file row 4: "z" is in column 5, which has no name in the header',
  ])
  assert.deepEqual(warnings, ['file: column 4 has neither a name nor values and is left out'])
})

test('a row that is shorter or longer than the header is a fault, surplus blank cells are a warning', async () => {
  const { rows, faults, warnings } = await read('a,b\n1\n1,2,3\n1,2,\n1,2,,\n')
  assert.deepEqual(rows, [
    ['1', '2'],
    ['1', '2'],
    ['1', '2'],
  ])
  assert.deepEqual(faults, ['R: file row 2: has 1 cells, and the header has 2 columns', 'R: file row 3: has 3 cells, and the header has 2 columns'])
  assert.deepEqual(warnings, ['file: 2 rows have blank cells beyond the header, row 4 is the first; they are left out'])
})

test('a key that only later objects have is a fault where it has a value', async () => {
  const first = Array.from({ length: 2000 }, (_, index) => ({ a: index, filler: 'x'.repeat(30) }))
  const { names, faults } = await read(JSON.stringify([...first, { a: 1, b: null }, { a: 1, b: 'lost' }]), { format: 'json' })
  assert.deepEqual(names, ['a', 'filler'])
  assert.deepEqual(faults, ['R: file row 2003, column b: is a key that neither the first row nor the schema has'])
})

test('arrays that are longer than the header are a fault where the surplus has values', async () => {
  const { faults, warnings } = await read('[["a", null], [1, null, null], [2, 3], [4, null, 5]]', { format: 'json' })
  assert.deepEqual(faults, [
    'R: file row 3: "3" is in column 2, which has no name in the header',
    'R: file row 4: has 3 cells, and the header has 2 columns',
  ])
  assert.deepEqual(warnings, ['file: 1 rows have blank cells beyond the header, row 2 is the first; they are left out'])
})

test('the header is counted with blank lines and the delimiter line, and without rows that are left out', async () => {
  for (const [content, options] of [
    ['Report\n\na,b\n1,2\n', { headers: 3 }],
    ['Report\n\n\na,b\n1,2\n', { headers: 3 }],
    ['sep=,\n\na,b\n1,2\n', { headers: 3 }],
    ['"sep=;"\r\na;b\r\n1;2\r\n', {}],
    ['x\n\nReport\na,b\n1,2\n', { skip_rows: 2, headers: 2 }],
    ['#x\nReport "odd" "\na,b\n1,2\n', { skip_rows: ['#'], headers: 2 }],
    ['x\na,b\ny\n1,2\n', { headerRows: [2], commentRows: [3] }],
    ['a,b\r1,2\r', { lineTerminator: '\r' }],
  ] as const) {
    const { names, rows, faults } = await read(content, { options })
    assert.deepEqual([names, rows, faults], [['a', 'b'], [['1', '2']], []], JSON.stringify(content))
  }
})

test('options of the dialect override those of the resource, and options of the reader override both', async () => {
  const localPath = ''
  const reading = (resource: object, options?: object) => parseReading({ localPath, ...resource }, options)
  assert.equal(reading({ delimiter: ';' }).delimiter, ';')
  assert.equal(reading({ delimiter: ';', dialect: { delimiter: '|' } }).delimiter, '|')
  assert.equal(reading({ dialect: { csv: { delimiter: '|' } } }, { delimiter: '\t' }).delimiter, '\t')
  assert.deepEqual([reading({ path: 'archive/x.TSV' }).format, reading({ format: 'CSV', path: 'x.json' }).format], ['tsv', 'csv'])
})

test('a row with a NUL is a fault by its number, and the fault of one in the header says what the file may be', async () => {
  const { rows, faults } = await read('a,b\n1,x\n2,y\0z\n3,x\n')
  assert.deepEqual(rows.length, 2)
  assert.deepEqual(faults, ['R: file row 3: has a NUL character in column 2: the file is binary, or in another encoding than it was read as'])
  for (const text of ['a,b\n1,2\n', 'a,b\r\n1,2\r\n'])
    await assert.rejects(read(Buffer.from(text, 'utf16le')), /row 1, the header, has a NUL character in column 1/)
})

const sources: readonly (readonly [string, string | Uint8Array, Told, readonly string[], readonly unknown[]])[] = [
  ['a byte order mark', '\ufeffa,b\n1,2\n', {}, ['a', 'b'], ['1', '2']],
  ['UTF-16 with its mark', Buffer.from('\ufeffa,b\né,2\n', 'utf16le'), { encoding: 'utf-8' }, ['a', 'b'], ['é', '2']],
  ['Windows-1252 by name', Buffer.from('a,b\n\xe9,\x80\n', 'latin1'), { encoding: 'cp1252' }, ['a', 'b'], ['é', '€']],
  ['Latin-1 without a declared encoding', Buffer.from('a,b\ncaf\xe9,2\n', 'latin1'), {}, ['a', 'b'], ['café', '2']],
  ['Shift JIS by name', Buffer.from([0x61, 0x2c, 0x62, 10, 0x93, 0xfa, 0x2c, 0x32, 10]), { encoding: 'cp932' }, ['a', 'b'], ['日', '2']],
  ['tabs by format', 'a\tb\n1,5\t2\n', { format: 'tsv' }, ['a', 'b'], ['1,5', '2']],
  ['a sniffed delimiter', 'a;b\n1;2\n', {}, ['a', 'b'], ['1', '2']],
  ['a dialect', "a;b\n'1;5';2\n", { dialect: { delimiter: ';', quoteChar: "'" } }, ['a', 'b'], ['1;5', '2']],
  ['a dialect by kind', 'a\tb\n1\t2\n', { dialect: { csv: { delimiter: '\t' } } }, ['a', 'b'], ['1', '2']],
  ['reader options', '# x\n-\na|b\n1|2\n', { options: { delimiter: '|', skip_rows: 2 } }, ['a', 'b'], ['1', '2']],
  ['numbered rows to skip', 'x,y\na,b\n1,2\n', { options: { skip_rows: [1] } }, ['a', 'b'], ['1', '2']],
  ['comment rows', '#x,y\na,b\n1,2\n', { dialect: { commentChar: '#' } }, ['a', 'b'], ['1', '2']],
  ['a later header row', 'Title,\na,b\n1,2\n', { options: { headers: 2 } }, ['a', 'b'], ['1', '2']],
  ['no header row', '1,2\n', { dialect: { header: false }, fieldNames: ['a', 'b'] }, ['a', 'b'], ['1', '2']],
  ['named headers', '1,2\n', { options: { headers: ['a', 'b'] } }, ['a', 'b'], ['1', '2']],
  ['an escape character', 'a,b\n1\\,5,2\n', { dialect: { escapeChar: '\\' } }, ['a', 'b'], ['1,5', '2']],
  ['objects', '[{"a": " 1 ", "b": 2}]', { format: 'json' }, ['a', 'b'], ['1', 2]],
  ['objects that lack a field', '[{"a": 1}]', { format: 'json', fieldNames: ['b', 'a'] }, ['a', 'b'], [1, null]],
  ['arrays', '[["a", "b"], [1, null]]', { format: 'json' }, ['a', 'b'], [1, null]],
  ['objects under a property', '{"data": {"rows": [{"a": 1}]}}', { format: 'json', dialect: { json: { property: 'data.rows' } } }, ['a'], [1]],
  ['lines of objects', '{"a": 1}\n', { format: 'ndjson' }, ['a'], [1]],
]
for (const [name, content, file, names, row] of sources) {
  test(`${name} can be read`, async () => {
    const found = await read(content, file)
    assert.deepEqual(found.names, names)
    assert.deepEqual(found.rows, [row])
    assert.deepEqual(found.faults, [])
  })
}

const refused: readonly (readonly [string, string | Uint8Array, Told, RegExp])[] = [
  ['a workbook', 'PK\u0003\u0004', { format: 'xlsx' }, /the format "xlsx" cannot be read as a table; csv, tsv, json and ndjson can/],
  ['a workbook said to be CSV', 'PK\u0003\u0004....', {}, /a ZIP archive or a workbook/],
  ['a web page', '<!DOCTYPE html><html>', {}, /a web page/],
  ['binary data', 'a\0b', {}, /row 1, the header, has a NUL character in column 1: the file is binary/],
  ['an empty file', '', {}, /no header row/],
  ['a compressed file', Uint8Array.of(0x1f, 0x8b, 8, 0), {}, /is compressed \(gzip\), and compressed files are not read/],
  ['UTF-8 with one bad byte', Buffer.concat([Buffer.from('a\né\nö\n'), Uint8Array.of(0xe9, 10)]), {}, /the bytes from 8 on are not UTF-8/],
  ['UTF-8 that ends within a character', Buffer.from('a\néö\n€').subarray(0, -1), {}, /the bytes from 7 on are not UTF-8/],
  ['a byte that its encoding does not have', Buffer.from('a\nx\x81y\n', 'latin1'), { encoding: 'cp1252' }, /is not windows-1252: .* after "a\\nx"/],
  [
    'a delimiter that the file and its dialect name differently',
    'sep=;\na;b\n',
    { dialect: { delimiter: ',' } },
    /row 1 names ";" as the delimiter, and the dialect ","/,
  ],
  ['a stray quote in the header', '"a"b,c\n1,2\n', {}, /row 1, the header, has "b" after the closing quote/],
  ['no name for any column', '1,2\n', { dialect: { header: false } }, /the columns have no names/],
  ['an option of another reader', 'a\n', { options: { post_parse: [] } }, /the option "post_parse" is not understood/],
  ['a sheet of a text file', 'a\n', { options: { sheet: 2 } }, /the option sheet picks a sheet of a workbook/],
  ['a null sequence', 'a\n', { dialect: { nullSequence: '-' } }, /the option nullSequence is not understood; list the text among the missingValues/],
  [
    'several header rows',
    'a\n',
    { options: { headers: [1, 2] } },
    /the option headers must be the number of one row or a list of names, got \[1,2\]/,
  ],
  ['a line end of another kind', 'a\n', { dialect: { lineTerminator: ';' } }, /the option lineTerminator must be one of/],
  [
    'arrays said to be objects',
    '[["a"], [1]]',
    { format: 'json', dialect: { json: { keyed: true } } },
    /says that rows are objects, and they are not/,
  ],
  ['an unknown encoding', 'a\n', { encoding: 'klingon' }, /"klingon" is not known/],
  ['bytes that are not UTF-8', Buffer.from('a,b\n1,2\n\xe9,2\n', 'latin1'), { encoding: 'utf-8' }, /the bytes from 8 on are not UTF-8/],
  ['bytes without a recognizable encoding', Buffer.from([0x61, 10, 0x81, 0x40, 10]), {}, /no other encoding fits it well.*name it as the `encoding`/],
  ['a delimiter of two characters', 'a\n', { dialect: { delimiter: '||' } }, /the option delimiter must be one character, got "\|\|"/],
  ['an object', '{"a": 1}', { format: 'json' }, /not a JSON array/],
  ['numbers as rows', '[1]', { format: 'json' }, /neither JSON objects nor arrays/],
  ['objects after arrays', '[["a"], {"a": 1}]', { format: 'json' }, /row 2 is not a JSON array/],
]
for (const [name, content, file, problem] of refused) {
  test(`${name} is refused with the reason`, async () => {
    await assert.rejects(read(content, file), (error) => error instanceof Error && error.name === 'UnreadableTable' && problem.test(error.message))
  })
}

test('a character that is split between two pieces is decoded correctly', async () => {
  const text = `a\n${'é€😀x'.repeat(60_000)}\n`
  const { rows } = await read(text, { encoding: 'utf-8' })
  assert.deepEqual(rows, [[text.slice(2, -1)]])
})

test('a declared encoding is used, with a warning if the whole file is UTF-8', async () => {
  const accented = 'a\ncafé\n'
  const { rows, warnings } = await read(accented, { encoding: 'iso-8859-1' })
  assert.deepEqual(rows, [['cafÃ©']])
  assert.equal(warnings.length, 1)
  assert.match(warnings[0] ?? '', /was read as windows-1252, as declared, but all of it is UTF-8 as well/)
  const quiet: [string | Buffer, string][] = [[accented, 'utf-8'], ['a\nplain\n', 'iso-8859-1'], [Buffer.from(`${accented}\xe9\n`, 'latin1'), 'iso-8859-1']] // biome-ignore format: a table
  for (const [source, encoding] of quiet) assert.deepEqual((await read(source, { encoding })).warnings, [])
})
