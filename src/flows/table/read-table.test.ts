import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Cell, JsonText } from './cell.ts'
import { FaultList } from './faults.ts'
import { openTable, type TableFile } from './read-table.ts'

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
}

/** What JSON.parse makes of a number, an object or an array of a JSON file. */
const plain = (cell: Cell): unknown => (cell instanceof JsonText ? JSON.parse(cell.text) : cell)

async function read(content: string | Uint8Array, file: Partial<TableFile> = {}): Promise<Read> {
  const localPath = join(folder, 'file')
  await writeFile(localPath, content)
  const faults = new FaultList('R', 'file')
  const table = await openTable({ localPath, format: 'csv', fieldNames: [], ...file }, { faults, reportsExtraCells: true })
  const rows: unknown[][] = []
  const numbers: number[] = []
  for await (const batch of table.batches) {
    rows.push(...batch.rows.map((row) => row.slice(0, table.header.names.length).map(plain)))
    numbers.push(...batch.numbers)
  }
  return { names: table.header.names, rows, numbers, encoding: table.encoding, faults: faults.lines() }
}

test('empty rows are passed over and still counted', async () => {
  const { names, rows, numbers } = await read('\n a ,b\n\n1,2\n,\n3,4\n')
  assert.deepEqual(names, ['a', 'b'])
  assert.deepEqual(rows, [
    ['1', '2'],
    ['3', '4'],
  ])
  assert.deepEqual(numbers, [4, 6])
})

test('columns without a name are cut, doubled names are numbered', async () => {
  const { names, rows } = await read('a,,a,a_1,\n1,2,3,4,5\n')
  assert.deepEqual(names, ['a', 'a_1', 'a_1_1'])
  assert.deepEqual(rows, [['1', '3', '4']])
})

test('a short row is a fault, a longer one is cut and told', async () => {
  const { rows, faults } = await read('a,b\n1\n1,2,3\n1,2,\n')
  assert.deepEqual(rows, [
    ['1', '2'],
    ['1', '2'],
  ])
  assert.deepEqual(faults, ['R: file row 2: has 1 cells, and the header has 2 columns', 'R: file row 3: has 3 cells, and the header has 2 columns'])
})

const sources: readonly (readonly [string, string | Uint8Array, Partial<TableFile>, readonly string[], readonly unknown[]])[] = [
  ['a byte order mark', '\ufeffa,b\n1,2\n', {}, ['a', 'b'], ['1', '2']],
  ['UTF-16 with its mark', Buffer.from('\ufeffa,b\né,2\n', 'utf16le'), { encoding: 'utf-8' }, ['a', 'b'], ['é', '2']],
  ['Windows-1252 by name', Buffer.from('a,b\n\xe9,\x80\n', 'latin1'), { encoding: 'cp1252' }, ['a', 'b'], ['é', '€']],
  ['Latin-1 that nobody named', Buffer.from('a,b\n\xe9,2\n', 'latin1'), {}, ['a', 'b'], ['é', '2']],
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

const refused: readonly (readonly [string, string | Uint8Array, Partial<TableFile>, RegExp])[] = [
  ['a workbook', 'PK\u0003\u0004', { format: 'xlsx' }, /the format "xlsx" cannot be read as a table; csv, tsv, json and ndjson can/],
  ['a workbook said to be CSV', 'PK\u0003\u0004....', {}, /a ZIP archive or a workbook/],
  ['a web page', '<!DOCTYPE html><html>', {}, /a web page/],
  ['binary data', 'a\0b', {}, /binary/],
  ['an empty file', '', {}, /no header row/],
  ['an unknown encoding', 'a\n', { encoding: 'klingon' }, /"klingon" is not known/],
  ['bytes that are not UTF-8', Buffer.from('a,b\n1,2\n\xe9,2\n', 'latin1'), { encoding: 'utf-8' }, /the bytes from 8 on are not UTF-8/],
  ['bytes of no encoding that can be told', Buffer.from([0x61, 10, 0x81, 0x40, 10]), {}, /cannot be told/],
  ['a delimiter of two characters', 'a\n', { dialect: { delimiter: '||' } }, /not one character/],
  ['an object', '{"a": 1}', { format: 'json' }, /not a JSON array/],
  ['numbers as rows', '[1]', { format: 'json' }, /neither JSON objects nor arrays/],
  ['objects after arrays', '[["a"], {"a": 1}]', { format: 'json' }, /row 3 is not a JSON array/],
]
for (const [name, content, file, problem] of refused) {
  test(`${name} cannot be read, and why is told`, async () => {
    await assert.rejects(read(content, file), (error) => error instanceof Error && error.name === 'UnreadableTable' && problem.test(error.message))
  })
}

test('a character that is cut by the piece borders stays whole', async () => {
  const text = `a\n${'é€😀x'.repeat(60_000)}\n`
  const { rows } = await read(text, { encoding: 'utf-8' })
  assert.deepEqual(rows, [[text.slice(2, -1)]])
})
