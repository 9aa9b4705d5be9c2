import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { after, test } from 'node:test'
import { flowEnd, postJson, postSpec, specOf, startSourceHub, uploadAs } from '../../../test/source-hub.ts'
import type { FlowAnswer } from './schema.ts'

/** Small files in which other readers lose or change values; each is published by a hub, or profiled. */
const folder = new URL('../../../test/fixtures/inputs/', import.meta.url)
const at = await startSourceHub()
after(() => at.close())
await at.work()
const { hub, mona, data } = at
for (const name of readdirSync(folder)) data.texts.set(name, readFileSync(new URL(name, folder)))

interface Input {
  readonly file: string
  /** The subject of this row, if a file has several rows. */
  readonly about?: string
  /** Types of the fields, or field descriptors without names. */
  readonly schema?: Readonly<Record<string, string | object>>
  /** More keys of the resource. */
  readonly resource?: object
  /** Reader options of a processing entry. */
  readonly tabulator?: object
}

interface Published extends Input {
  /** Lines of the CSV that is published. */
  readonly csv: readonly string[]
  /** The rows of the JSON file as text, if they are tested. */
  readonly json?: string
  /** The warnings of the report and of the flow’s log; none by default. */
  readonly warnings?: readonly RegExp[]
}

interface Failing extends Input {
  /** Each must match one line of the flow's errors. */
  readonly fails: readonly RegExp[]
}

interface Refused extends Input {
  /** The error of the upload. */
  readonly refused: RegExp
}

const idName = { id: 'integer', name: 'string' }

const guess = (encoding: string) => new RegExp(`was read as ${encoding}, which is a guess`)

const published: readonly Published[] = [
  { file: 'plain.csv', schema: idName, csv: ['id,name', '1,a', '2,b'] },
  { file: 'cp1251.csv', schema: idName, resource: { encoding: 'windows-1251' }, csv: ['id,name', '1,Привет мир', '2,Москва'] },
  { file: 'cp1251.csv', schema: idName, tabulator: { encoding: 'cp1251' }, csv: ['id,name', '1,Привет мир', '2,Москва'] },
  { file: 'cp1251.csv', schema: idName, csv: ['id,name', '1,Привет мир', '2,Москва'], warnings: [guess('windows-1251')] },
  { file: 'sjis.csv', schema: idName, csv: ['id,name', '1,日本語'], warnings: [guess('shift_jis')] },
  { file: 'cp850.csv', schema: idName, resource: { encoding: 'cp850' }, csv: ['id,name', '1,Müller'] },
  { file: 'preamble.csv', schema: { ...idName, n: 'integer' }, tabulator: { headers: 3 }, csv: ['id,name,n', '1,a,5'] },
  { file: 'case-header.csv', schema: idName, resource: { dialect: { caseSensitiveHeader: false } }, csv: ['id,name', '1,a'] },
  { file: 'sep-line.csv', schema: idName, csv: ['id,name', '1,a'] },
  {
    file: 'neg-accounting.csv',
    schema: { m: { type: 'number', bareNumber: false } },
    csv: ['m', '-12', '-12', '-5'],
    json: '[{"m":-12},{"m":-12},{"m":-5}]',
  },
  {
    file: 'json-decimals.json',
    schema: { n: 'number' },
    csv: ['n', '12345678901234567.89', '0.1234567890123456789', '1e400', '1.10'],
    json: '[{"n":12345678901234567.89},{"n":0.1234567890123456789},{"n":1e400},{"n":1.10}]',
  },
  {
    file: 'bigint.csv',
    schema: { id: 'integer', n: 'integer' },
    csv: ['id,n', '1,9007199254740993', '2,123456789012345678901234567890', '3,-9223372036854775809'],
    json: '[{"id":1,"n":9007199254740993},{"id":2,"n":123456789012345678901234567890},{"id":3,"n":-9223372036854775809}]',
  },
  { file: 'codes.csv', schema: { code: 'string', n: 'integer' }, csv: ['code,n', '00123,1', '00007,2'] },
  {
    file: 'dmy-ambiguous.csv',
    schema: { D: { type: 'date', format: 'any' } },
    resource: { dialect: { caseSensitiveHeader: false } },
    csv: ['D', '2024-12-31', '2023-02-01'],
  },
  { file: 'dmy-ambiguous.csv', schema: { d: { type: 'date', format: 'any' } }, csv: ['d', '2024-12-31', '2023-02-01'] },
  {
    file: 'microseconds.csv',
    schema: { d: { type: 'datetime', format: 'any' } },
    csv: ['d', '2024-05-01 08:15:00.123456'],
    json: '[{"d":"2024-05-01 08:15:00.123456"}]',
  },
]

const failing: readonly Failing[] = [
  { file: 'extra-cell.csv', schema: idName, fails: [/row 3: has 3 cells, and the header has 2 columns/] },
  {
    file: 'unquoted-decimal-comma.csv',
    schema: { id: 'integer', price: 'number' },
    fails: [/row 2: has 3 cells, and the header has 2 columns/, /row 3: has 3 cells, and the header has 2 columns/],
  },
  { file: 'blank-header.csv', schema: idName, fails: [/row 2: "x" is in column 2, which has no name in the header/] },
  {
    file: 'broken-quotes.csv',
    schema: { id: 'integer', note: 'string' },
    fails: [/row 2: has "hi\\"" after the closing quote of a value: quotes inside of a value are doubled/],
  },
  {
    file: 'dup-header.csv',
    schema: { id: 'integer', value: 'string', value2: 'string' },
    fails: [/row 1, column value: columns 2 and 3 are both named "value", and the schema has no field "value_1"/],
  },
  { file: 'nul.csv', schema: { id: 'integer', t: 'string' }, fails: [/row 2: has a NUL character in column 2/] },
  { file: 'case-header.csv', schema: idName, fails: [/row 1, column ID: is not a field of the schema/] },
  {
    file: 'plain.csv.gz',
    schema: idName,
    resource: { format: 'csv' },
    fails: [/the file is compressed \(gzip\), and compressed files are not read/],
  },
  { file: 'plain.xlsx', schema: idName, resource: { format: 'csv' }, fails: [/the file is a ZIP archive or a workbook/] },
  {
    file: 'bad-group.csv',
    schema: { n: { type: 'number', groupChar: ',' } },
    fails: [/row 2, column n: "1,23" is not a number \(with groups by ","\)/],
  },
  { file: 'neg-accounting.csv', schema: { m: 'number' }, fails: [/row 2.*"\(12\)"/, /row 3.*"12-"/, /row 4.*"−5"/] },
]

const refused: readonly Refused[] = [
  {
    file: 'plain.xlsx',
    schema: idName,
    refused: /resource table cannot be used: the format "xlsx" cannot be read as a table; csv, tsv, json and ndjson can/,
  },
  { file: 'plain.csv.gz', schema: idName, refused: /resource table cannot be used: the format "gz" cannot be read as a table/ },
  { file: 'plain.csv', schema: idName, tabulator: { compression: 'gz' }, refused: /the option compression must be "no" .*got "gz"/ },
  { file: 'plain.csv', schema: idName, tabulator: { encoding: 'klingon' }, refused: /the encoding "klingon" is not known/ },
  { file: 'plain.csv', schema: idName, tabulator: { sheet: 1 }, refused: /the option sheet picks a sheet of a workbook, and workbooks are not read/ },
  { file: 'plain.csv', schema: idName, tabulator: { limit_rows: 1 }, refused: /tabulator\.limit_rows is not known/ },
  {
    file: 'plain.csv',
    schema: idName,
    resource: { dialect: { delimiter: '||' } },
    refused: /the option delimiter must be one character, got "\|\|"/,
  },
  { file: 'plain.csv', about: 'an unknown type', schema: { id: 'int' }, refused: /fields\[0\]\.type must be one of string, .*got "int"/ },
]

/** A valid dataset name, unique among the rows of the tables. */
let count = 0
const nextName = ({ file }: Input) => `t${++count}-${file.replace(/[^a-z0-9]+/g, '-')}`

function specFor({ file, schema = {}, resource, tabulator }: Input, dataset: string) {
  const fields = Object.entries(schema).map(([name, field]) => ({ name, ...(typeof field === 'string' ? { type: field } : field) }))
  const source = { name: 'raw', path: file, schema: { fields }, ...resource }
  const more = { url: `${data.url}/datapackage.json` }
  if (tabulator === undefined) return specOf(mona, dataset, [{ ...source, name: 'table' }], more)
  const { schema: tableSchema, ...plain } = source
  return specOf(mona, dataset, [plain], { ...more, processing: [{ input: 'raw', output: 'table', tabulator, schema: tableSchema }] })
}

const fileOf = async ({ id }: FlowAnswer, name: string) => (await fetch(`${hub.url}/source/${id}/data/${name}`)).text()
const title = ({ file, about, tabulator, resource }: Input) =>
  [file, about ?? (tabulator || resource ? JSON.stringify({ ...tabulator, ...resource }) : '')].filter(Boolean).join(', ')

/** All flows are uploaded at once, and run while the first ones are checked. */
const uploaded = new Map<Input, string>()
for (const input of [...published, ...failing]) uploaded.set(input, await uploadAs(at, mona, specFor(input, nextName(input))))
const run = (input: Input) => flowEnd(at, uploaded.get(input) ?? '')

for (const input of published) {
  test(`${title(input)} is published with every value`, async () => {
    const flow = await run(input)
    assert.deepEqual([flow.state, flow.error_log], ['SUCCEEDED', []])
    assert.equal(await fileOf(flow, 'table_csv.csv'), input.csv.map((line) => `${line}\r\n`).join(''))
    if (input.json !== undefined) assert.equal((await fileOf(flow, 'table_json.json')).replaceAll('\n', ''), input.json)
    const [report] = JSON.parse(await fileOf(flow, 'validation_report.json'))
    const warnings: string[] = report.warnings
    assert.equal(warnings.length, input.warnings?.length ?? 0, warnings.join('; '))
    for (const [index, wanted] of input.warnings?.entries() ?? []) assert.match(warnings[index] ?? '', wanted)
    for (const warning of warnings)
      assert.ok(
        flow.logs.some((line) => line.includes(warning)),
        `${warning} in the log`,
      )
  })
}

for (const input of failing) {
  test(`${title(input)} fails with the place of the fault`, async () => {
    const flow = await run(input)
    assert.equal(flow.state, 'FAILED')
    for (const kind of ['csv', 'json']) {
      const errors = flow.pipelines[`${flow.id}/table_${kind}`]?.error_log ?? []
      for (const wanted of input.fails)
        assert.ok(
          errors.some((line) => wanted.test(line)),
          `${wanted} in ${errors.join('; ')}`,
        )
    }
  })
}

for (const input of refused) {
  test(`${title(input)} is refused at upload`, async () => {
    const { body } = await postSpec(at, specFor(input, nextName(input)), mona.token)
    assert.deepEqual([body.success, body.flow_id, body.errors.length], [false, null, 1])
    assert.match(body.errors[0] ?? '', input.refused)
  })
}

test('the planner’s spec of a workbook is refused with the name of its format', async () => {
  const processing = [{ input: 'members', output: 'members-sheet', tabulator: { headers: 2, sheet: 1 }, dpp: [] }]
  const more = { url: `${data.url}/datapackage.json`, processing, outputs: [{ kind: 'sqlite' }], schedule: 'every 1d' }
  const { body } = await postSpec(at, specOf(mona, 'club-members', [{ name: 'members', path: 'members.xlsx' }], more), mona.token)
  assert.match(body.errors[0] ?? '', /tabulator cannot be used: the option sheet picks a sheet of a workbook, and workbooks are not read/)
  const { url: _, ...withoutUrl } = specOf(mona, 'club-members', []).inputs[0] ?? {}
  const second = await postSpec(at, { ...specOf(mona, 'club-members', []), inputs: [withoutUrl] }, mona.token)
  assert.match(second.body.errors[0] ?? '', /inputs\[0\]\.url must be text, got nothing/)
})

interface Profiled {
  readonly file: string
  /** Expected parts of the profiles of columns, by name. */
  readonly columns: Readonly<Record<string, object>>
}

const profiled: readonly Profiled[] = [
  { file: 'plain.csv', columns: { id: { type: 'integer', distinct: 2 }, name: { type: 'string', min: 'a', max: 'b' } } },
  {
    file: 'bigint.csv',
    columns: { n: { type: 'integer', min: '-9223372036854775809', max: '123456789012345678901234567890' }, id: { min: 1, max: 3 } },
  },
  { file: 'codes.csv', columns: { code: { type: 'string', min: '00007', max: '00123' }, n: { type: 'integer' } } },
]

for (const { file, columns } of profiled) {
  test(`${file} is profiled correctly`, async () => {
    const job = { job_type: 'profile_resource', data: { url: `${data.url}/${file}` }, api_key: mona.apiKey }
    const { body } = await postJson<{ job_id: string; job_key: string }>(`${hub.url}/job`, job)
    const profile = await jobResult(body)
    for (const [name, wanted] of Object.entries(columns)) {
      const column = profile.columns.find((one) => one['name'] === name) ?? {}
      assert.partialDeepStrictEqual(column, wanted)
    }
  })
}

interface Profile {
  readonly columns: readonly Readonly<Record<string, unknown>>[]
  readonly warnings?: readonly string[]
}

/** Waits for the event of the job’s end. */
async function jobResult({ job_id, job_key }: { job_id: string; job_key: string }): Promise<Profile> {
  for (;;) {
    const ended = new Promise<void>((resolve) => {
      const unlisten = hub.app.base.store.listen('finished', () => {
        unlisten()
        resolve()
      })
      setTimeout(resolve, 500).unref()
    })
    const job = (await (await fetch(`${hub.url}/job/${job_id}`, { headers: { authorization: job_key } })).json()) as {
      status: string
      data: Profile
      error: unknown
    }
    if (job.status === 'complete') return job.data
    assert.equal(job.status, 'pending', JSON.stringify(job.error))
    await ended
  }
}
