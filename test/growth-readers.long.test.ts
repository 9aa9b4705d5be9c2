import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { excerptOf, renderMarkdown } from '../src/http/server/markdown.ts'
import { surveyDates } from '../src/tabular/cast/survey-dates.ts'
import { parseReading } from '../src/tabular/dialect.ts'
import { FaultList, UnreadableTable } from '../src/tabular/faults.ts'
import { openTable } from '../src/tabular/read-table.ts'
import { fieldTypes, parseSchema } from '../src/tabular/schema.ts'
import { matchColumns, RowCaster } from '../src/tabular/table.ts'
import { growthTest, listOf, mebibyte, pieces, plainTextOf } from './growth.ts'

const folder = await mkdtemp(join(tmpdir(), 'millrace-growth-'))
after(() => rm(folder, { recursive: true, force: true }))

const large = mebibyte / 4
const small = mebibyte / 16

/** Reads a file as flows do: dialect, header, columns, rows, casts. A file that cannot be read is told, which has to be as quick. */
async function readFile(content: string, told: Readonly<Record<string, unknown>> = {}, fields: readonly object[] = []): Promise<void> {
  const localPath = join(folder, 'file')
  await writeFile(localPath, content)
  const faults = new FaultList('table', 'file')
  try {
    const file = { localPath, reading: parseReading(told), fieldNames: [] }
    const open = () => openTable(file, faults)
    const schema = fields.length === 0 ? undefined : await surveyDates(parseSchema({ fields }), open)
    const table = await open()
    const caster = new RowCaster(matchColumns(table.header, schema, faults), table.header, faults)
    for await (const batch of table.batches) caster.cast(batch)
  } catch (error) {
    if (!(error instanceof UnreadableTable)) throw error
  }
}

growthTest('CSV files of every kind of text', function* () {
  const own = [
    '"a',
    'a"b',
    '""',
    '";"',
    'a;b\n',
    'a\tb\n',
    'a|b\n',
    '"a"\n',
    'a,"b\n',
    ',',
    ';',
    '\r',
    '\u0000',
    '""",',
    '12,50;',
    'sep=;\n',
    '\ufeff',
    ' "a" ,',
  ]
  for (const piece of [...pieces, ...own]) {
    yield [`a file of ${JSON.stringify(piece)}`, large, (size) => readFile(plainTextOf(piece, size))] as const
    yield [`rows of ${JSON.stringify(piece)}`, large, (size) => readFile(`a,b\n${plainTextOf(piece, size)}`)] as const
  }
  yield ['many columns', large, (size) => readFile(`${listOf(size / 16, (no) => `c${no}`).join(',')}\n${'1,'.repeat(size / 16)}1\n`)]
  yield ['many columns of one name', large, (size) => readFile(`${'a,'.repeat(size / 4)}a\n${'1,'.repeat(size / 4)}1\n`)]
  yield ['rows of surplus cells', large, (size) => readFile(`a\n${'1,'.repeat(size / 2)}\n`)]
  yield ['escaped cells', large, (size) => readFile(`a,b\n${'\\"a\\",'.repeat(size / 6)}`, { dialect: { escapeChar: '\\' } })]
  yield ['quotes that are not doubled', large, (size) => readFile(`a,b\n${'"a"b",'.repeat(size / 6)}`, { dialect: { doubleQuote: false } })]
})

growthTest('JSON files of every kind', function* () {
  const kinds: Readonly<Record<string, (size: number) => string>> = {
    'rows of objects': (size) => `[${listOf(size / 10, (no) => `{"a":${no}}`).join(',')}]`,
    'rows of different keys': (size) => `[${listOf(size / 16, (no) => `{"k${no}":1}`).join(',')}]`,
    'an object of many keys': (size) => `[{${listOf(size / 10, (no) => `"k${no}":1`).join(',')}}]`,
    'rows of lists': (size) => `[${'[1,2],'.repeat(size / 6)}[1,2]]`,
    'a row of many cells': (size) => `[["a"],[${'1,'.repeat(size / 2)}1]]`,
    brackets: (size) => '['.repeat(size),
    braces: (size) => '{"a":'.repeat(size / 5),
    'closed brackets': (size) => `${'['.repeat(size / 2)}${']'.repeat(size / 2)}`,
    'a long text': (size) => `[{"a":"${'x'.repeat(size)}"}]`,
    'a text of escapes': (size) => `[{"a":"${'\\u00e9\\"'.repeat(size / 8)}"}]`,
    'an open text': (size) => `[{"a":"${'\\"'.repeat(size / 2)}`,
    'a long number': (size) => `[{"a":${'1'.repeat(size)}}]`,
    'a deep value': (size) => `[{"a":${'[1,'.repeat(size / 3)}`,
    blanks: (size) => `[${' '.repeat(size)}{}]`,
    lines: (size) => '\n'.repeat(size),
    'rows in lines': (size) => '{"a":1,"b":[1]}\n'.repeat(size / 16),
  }
  for (const [name, make] of Object.entries(kinds)) {
    for (const format of ['json', 'ndjson']) yield [`${format}: ${name}`, large, (size) => readFile(make(size), { format })] as const
  }
  yield ['a property', large, (size) => readFile(`{"x":${'[1],'.repeat(size / 4)}`, { format: 'json', dialect: { property: 'a' } })]
})

const formats: Readonly<Record<string, readonly string[]>> = {
  date: ['default', 'any', '%d.%m.%Y', '%Y%m%d', '%A %B %d %Y'],
  time: ['default', 'any', '%H:%M:%S.%f'],
  datetime: ['default', 'any', '%d.%m.%Y %H:%M %z'],
  string: ['default', 'email', 'uri', 'uuid', 'binary'],
}

growthTest('cells of every type, with every kind of text', function* () {
  const own = ['1.', '1,', '1-', '1:', '01/', '2020-', '2020-01-01T', '+', '-1', '1e', '(1', '0', 'PT1H', '1 ', '[1,', '{"a":', '٣', 'Jan ', '%']
  for (const type of fieldTypes) {
    for (const format of formats[type] ?? ['default']) {
      for (const piece of [...pieces, ...own]) {
        const cell = (size: number) => JSON.stringify([{ a: plainTextOf(piece, size) }])
        yield [
          `${type} ${format}: ${JSON.stringify(piece)}`,
          small,
          (size) => readFile(cell(size), { format: 'json' }, [{ name: 'a', type, format }]),
        ] as const
      }
    }
  }
  const rows = (size: number, text: (no: number) => string) => `a\n${listOf(size, text).join('\n')}\n`
  const column = (field: object, text: (no: number) => string) => (size: number) => readFile(rows(size, text), {}, [{ name: 'a', ...field }])
  yield ['dates of any form', 40_000, column({ type: 'date', format: 'any' }, (no) => `${(no % 28) + 1}/${(no % 12) + 1}/2020`)]
  yield ['unique numbers', 40_000, column({ type: 'integer', constraints: { unique: true } }, (no) => String(no))]
  yield ['numbers in groups', 40_000, column({ type: 'number', groupChar: ',', bareNumber: false }, (no) => `${no},000.5 kg`)]
  yield ['a choice of many', 8000, column({ type: 'string', constraints: { enum: listOf(5000, (no) => `v${no}`) } }, (no) => `v${no}`)]
  yield ['a pattern', 20_000, column({ type: 'string', constraints: { pattern: '(a+)+b' } }, () => 'aaaaaaaaaaaaaaaaaaaaaaaac')]
})

growthTest('Markdown of every kind, whole and as an excerpt', function* () {
  for (const piece of pieces) {
    yield [`Markdown of ${JSON.stringify(piece)}`, 20_000, (size) => renderMarkdown(plainTextOf(piece, size))] as const
    yield [`more than is rendered of ${JSON.stringify(piece)}`, large, (size) => renderMarkdown(plainTextOf(piece, size))] as const
    yield [`an excerpt of ${JSON.stringify(piece)}`, large, (size) => excerptOf(plainTextOf(piece, size), 200)] as const
  }
})
