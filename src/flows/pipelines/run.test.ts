import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, test } from 'node:test'
import { buildSource, buildSourceFile, buildTask, failingLines, runFlow, runTask, silent, temporaryFolder } from '../../../test/pipeline-task.ts'
import { runPipeline } from './run.ts'
import type { PipelineFile, PipelineResult } from './task.ts'

let folder = ''
beforeEach(async () => {
  folder = await temporaryFolder()
})

const text = (file: { localPath: string } | undefined) => readFile(file?.localPath ?? '', 'utf8')
const only = (result: PipelineResult | undefined): PipelineFile => {
  assert.equal(result?.files.length, 1)
  const [file] = result.files
  assert.ok(file)
  return file
}

const schema = {
  fields: [
    { name: 'name', type: 'string' },
    { name: 'born', type: 'date' },
    { name: 'size', type: 'number' },
    { name: 'alive', type: 'boolean' },
  ],
}
const people = 'name,born,size,alive\nAnn,2017-1-18,1.50,True\n"Bob, ""B""",,,0\n'

test('CSV is written with CRLF, canonical values and quotes where they are needed', async () => {
  const source = await buildSourceFile(people, { folder, name: 'people.csv', schema })
  const file = only(await runTask(folder, { kind: 'csv', artifact: 'people_csv', sources: [source] }))
  assert.equal(await text(file), 'name,born,size,alive\r\nAnn,2017-01-18,1.50,true\r\n"Bob, ""B""",,,false\r\n')
  assert.equal(file.rows, 2)
  assert.equal(file.path, 'data/people_csv.csv')
  assert.equal(file.resource.path, `data/${file.md5}/people_csv.csv`)
  const { format, encoding, dialect, bytes, hash, rowcount, datahub } = file.resource
  assert.deepEqual(
    { format, encoding, bytes, hash, rowcount, datahub },
    { format: 'csv', encoding: 'utf-8', bytes: file.size, hash: file.md5, rowcount: 2, datahub: { type: 'derived/csv', derivedFrom: ['people'] } },
  )
  assert.deepEqual(dialect, { lineTerminator: '\r\n', delimiter: ',', doubleQuote: true, quoteChar: '"', skipInitialSpace: false })
  assert.deepEqual(file.resource['schema'], {
    fields: [
      { name: 'name', type: 'string' },
      { name: 'born', type: 'date', format: '%Y-%m-%d' },
      { name: 'size', type: 'number', decimalChar: '.', groupChar: '' },
      { name: 'alive', type: 'boolean', trueValues: ['true'], falseValues: ['false'] },
    ],
    missingValues: [''],
  })
})

test('JSON has sorted keys, numbers and booleans, and null for missing values', async () => {
  const source = await buildSourceFile(people, { folder, name: 'people.csv', schema })
  const file = only(await runTask(folder, { kind: 'json', artifact: 'people_json', sources: [source] }))
  const written = await text(file)
  assert.deepEqual(JSON.parse(written), [
    { alive: true, born: '2017-01-18', name: 'Ann', size: 1.5 },
    { alive: false, born: null, name: 'Bob, "B"', size: null },
  ])
  assert.match(written, /\{"alive":true,"born":"2017-01-18","name":"Ann","size":1.50\}/)
})

test('an empty table gives a header alone and an empty array', async () => {
  const source = await buildSourceFile('name,born,size,alive\n', { folder, name: 'people.csv', schema })
  assert.equal(await text(only(await runTask(folder, { kind: 'csv', artifact: 'people_csv', sources: [source] }))), 'name,born,size,alive\r\n')
  assert.deepEqual(JSON.parse(await text(only(await runTask(folder, { kind: 'json', artifact: 'people_json', sources: [source] })))), [])
})

test('a missing value in the only column keeps its row', async () => {
  const source = await buildSourceFile('x\n1\nNA\n', {
    folder,
    name: 'x.csv',
    schema: { fields: [{ name: 'x', type: 'integer' }], missingValues: ['NA'] },
  })
  assert.equal(await text(only(await runTask(folder, { kind: 'csv', artifact: 'x_csv', sources: [source] }))), 'x\r\n1\r\n""\r\n')
})

test('size and hashes of written files are correct', async () => {
  const source = await buildSourceFile(people, { folder, name: 'people.csv', schema })
  for (const result of await runFlow(folder, [source])) {
    for (const file of [...result.files, result.package]) {
      const bytes = await readFile(file.localPath)
      const { size, md5, sha256 } = file
      const digest = (name: string) => createHash(name).update(bytes).digest('hex')
      assert.deepEqual({ size, md5, sha256 }, { size: bytes.length, md5: digest('md5'), sha256: digest('sha256') })
    }
    assert.equal(
      result.stats.bytes,
      result.kind === 'package' ? result.stats.bytes : [...result.files, result.package].reduce((sum, file) => sum + file.size, 0),
    )
  }
})

test('a value that does not cast fails CSV and JSON with file, row, column, value and rule', async () => {
  const broken = `name,born,size,alive\nAnn,2017-01-18,1.5,1\n"Bob\nB",18.1.2017,${'9'.repeat(300)}x,1\nCleo,2020-01-01\n`
  const source = await buildSourceFile(broken, { folder, name: 'people.csv', schema })
  const expected = [
    'people: people.csv row 3, column born: "18.1.2017" is not a date of the form 2024-12-31',
    `people: people.csv row 3, column size: "${'9'.repeat(200)}…" is not a number`,
    'people: people.csv row 4: has 2 cells, and the header has 4 columns',
  ]
  for (const kind of ['csv', 'json'] as const) {
    const lines = await failingLines(folder, { kind, artifact: `people_${kind}`, sources: [source] })
    assert.deepEqual([...lines].sort(), expected)
  }
})

test('a thousand faults are listed, then the count of all', async () => {
  const source = await buildSourceFile(`x\n${'a\n'.repeat(1500)}`, { folder, name: 'x.csv', schema: { fields: [{ name: 'x', type: 'integer' }] } })
  const lines = await failingLines(folder, { kind: 'csv', artifact: 'x_csv', sources: [source] })
  assert.equal(lines.length, 1001)
  assert.equal(lines.at(-1), 'x: x.csv has 1500 faults in all')
})

test('a header that differs from the schema is a fault for each name', async () => {
  const source = await buildSourceFile('name,color\nAnn,red\n', { folder, name: 'p.csv', schema: { fields: [{ name: 'name' }, { name: 'size' }] } })
  assert.deepEqual(await failingLines(folder, { kind: 'csv', artifact: 'p_csv', sources: [source] }), [
    'p: p.csv row 1, column color: is not a field of the schema',
    'p: p.csv row 1, column size: is a field of the schema and not in the header',
  ])
})

test('a duplicate value in a unique column is a fault', async () => {
  const unique = { fields: [{ name: 'x', type: 'integer', constraints: { unique: true } }] }
  const source = await buildSourceFile('x\n1\n2\n01\n', { folder, name: 'x.csv', schema: unique })
  assert.deepEqual(await failingLines(folder, { kind: 'csv', artifact: 'x_csv', sources: [source] }), [
    'x: x.csv row 4, column x: "1" is a duplicate, and the column is unique',
  ])
})

test('faults of the data are reported, and do not fail the report', async () => {
  const good = await buildSourceFile(people, { folder, name: 'people.csv', schema })
  const bad = await buildSourceFile('x,y\na\nb,2,3\nc,d\n', {
    folder,
    name: 'bad.csv',
    schema: { fields: [{ name: 'x' }, { name: 'y', type: 'integer' }] },
  })
  const file = only(await runTask(folder, { kind: 'report', artifact: 'validation_report', sources: [good, bad] }))
  assert.equal(file.path, 'data/validation_report.json')
  const [first, second] = JSON.parse(await text(file))
  assert.deepEqual([first.resource, first.valid, first['error-count'], first.tables[0]['row-count']], ['people', true, 0, 2])
  assert.deepEqual([second.resource, second.valid, second['error-count']], ['bad', false, 3])
  const codes = second.tables[0].errors.map((error: { code: string; 'row-number': number }) => `${error['row-number']} ${error.code}`)
  assert.deepEqual(codes.sort(), ['2 missing-value', '3 extra-value', '4 type-or-format-error'])
})

test('a source that cannot be read fails its report', async () => {
  const source = await buildSourceFile('<!doctype html><h1>Not found</h1>', { folder, name: 'people.csv', schema })
  assert.deepEqual(await failingLines(folder, { kind: 'report', artifact: 'validation_report', sources: [source] }), [
    'people: people.csv: the file is a web page, not delimited text',
  ])
})

test('a table of two thousand rows has no preview, a longer one its first two thousand', async () => {
  const fields = { fields: [{ name: 'x', type: 'integer' }] }
  for (const [count, rows] of [
    [2000, undefined],
    [2001, 2000],
  ] as const) {
    const own = join(folder, String(count))
    await mkdir(own)
    const source = await buildSourceFile(`x\n${Array.from({ length: count }, (_, index) => index).join('\n')}\n`, {
      folder: own,
      name: 'x.csv',
      schema: fields,
    })
    const csv = await runTask(own, { kind: 'csv', artifact: 'x_csv', sources: [source] })
    const preview = await runTask(own, { kind: 'preview', artifact: 'x_csv_preview', results: [csv] })
    assert.deepEqual(
      preview.views.map((view) => [view['name'], view['specType'], view['resources']]),
      rows ? [['datahub-preview-x_csv_preview', 'table', ['x']]] : [],
    )
    const [file] = preview.files
    assert.deepEqual(file && JSON.parse(await text(file)), rows && Array.from({ length: rows }, (_, index) => ({ x: index })))
  }
})

test('a copy is the source byte for byte, with its own hash', async () => {
  const bytes = Buffer.from([0, 255, 13, 10, 128])
  const source = await buildSourceFile(bytes, { folder, name: 'odd.bin', title: 'Odd', hash: 'wrong', bytes: 1 })
  const file = only(await runTask(folder, { kind: 'copy', artifact: 'odd', sources: [source] }))
  assert.deepEqual(await readFile(file.localPath), bytes)
  assert.equal(file.path, 'archive/odd.bin')
  const { title, hash, bytes: size, datahub } = file.resource
  assert.deepEqual({ title, hash, size, datahub }, { title: 'Odd', hash: file.md5, size: 5, datahub: { type: 'original' } })
})

test('the package of one small table has five resources and counts its rows once', async () => {
  const source = await buildSourceFile(people, { folder, name: 'people.csv', schema })
  const results = await runFlow(folder, [source])
  const last = results.at(-1)
  assert.ok(last)
  const { descriptor } = last.package
  assert.deepEqual(JSON.parse(await text(last.package)), descriptor)
  const { resources, datahub, id } = descriptor
  assert.ok(Array.isArray(resources))
  assert.deepEqual(
    resources.map((resource) => resource.name),
    ['validation_report', 'people_csv', 'people_json', 'id_zip', 'people'],
  )
  assert.equal(id, 'me/id')
  const bytes = results.flatMap((result) => result.files).reduce((sum, file) => sum + file.size, 0)
  const { hash } = last.stats
  assert.match(hash, /^[\da-f]{32}$/)
  assert.deepEqual(datahub, {
    ownerid: 'me',
    owner: 'ann',
    findability: 'published',
    flowid: 'me/id/1',
    created: '2024-01-01T00:00:00.000Z',
    modified: '2024-02-01T00:00:00.000Z',
    stats: { rowcount: 2, bytes },
    hash,
  })
  assert.deepEqual(last.stats, { count_of_rows: 2, bytes: bytes + last.package.size, hash, dataset_name: 'id' })
})

test('paths of the package start with the base address it is given', async () => {
  const source = await buildSourceFile('x', { folder, name: 'a.txt' })
  const copy = await runTask(folder, { kind: 'copy', artifact: 'a', sources: [source] })
  const last = await runTask(folder, { kind: 'package', artifact: 'id', results: [copy], baseUrl: '/source/me/id/1' })
  assert.match(JSON.stringify(last.package.descriptor['resources']), /"\/source\/me\/id\/1\/archive\/[\da-f]{32}\/a\.txt"/)
})

test('an aborted pipeline rejects with the reason', async () => {
  const source = buildSource(join(folder, 'x.csv'), { schema })
  const task = await buildTask(folder, { kind: 'csv', artifact: 'x_csv', sources: [source] })
  await assert.rejects(runPipeline(task, { ...silent, signal: AbortSignal.abort(new Error('Cancelled')) }), /Cancelled/)
})

test('a pipeline reports progress, and is aborted in the middle of a file', async () => {
  const rows = 'x\n' + '1234567890\n'.repeat(100_000)
  const source = await buildSourceFile(rows, { folder, name: 'x.csv', schema: { fields: [{ name: 'x', type: 'integer' }] } })
  const task = await buildTask(folder, { kind: 'csv', artifact: 'x_csv', sources: [source] })
  const abort = new AbortController()
  const seen: number[] = []
  const progress = (count: number) => {
    seen.push(count)
    abort.abort(new Error('enough'))
  }
  await assert.rejects(runPipeline(task, { ...silent, progress, signal: abort.signal }), /enough/)
  assert.equal(seen.length, 1)
  assert.ok((seen[0] ?? 0) >= 20_000 && (seen[0] ?? 0) < 100_000)
})
