import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DomainError } from '../base/errors.ts'
import { stepCompilers } from './pipelines/steps/steps.ts'
import { planFlow } from './plan.ts'
import { findIdentity, parseSpec } from './spec.ts'

const schema = { fields: [{ name: 'a', type: 'integer' }] }

const table = (name: string) => ({ name, path: `${name}.csv`, schema })
const plain = (name: string) => ({ name, path: `${name}.png` })

/** A spec with these resources; `more` replaces parts of it. */
const specOf = (resources: unknown, more: Record<string, unknown> = {}, parameters: Record<string, unknown> = {}) => ({
  meta: { ownerid: 'me', dataset: 'id', owner: 'mona', version: 1, findability: 'published' },
  inputs: [
    { kind: 'datapackage', url: 'http://host.example/pkg/datapackage.json', parameters: { descriptor: { name: 'pkg', resources }, ...parameters } },
  ],
  ...more,
})

const plan = (resources: unknown, more?: Record<string, unknown>, parameters?: Record<string, unknown>) =>
  planFlow('me/id/1', parseSpec(specOf(resources, more, parameters)))

const suffixes = (resources: unknown, more?: Record<string, unknown>) => plan(resources, more).pipelines.map((one) => one.id.slice('me/id/1'.length))

const sheets = {
  processing: [
    { input: 'book', output: 'one', tabulator: { sheet: 1 }, schema },
    { input: 'book', output: 'two', tabulator: { sheet: 2 } },
  ],
}

for (const [what, resources, more, count] of [
  ['no resource', [], {}, 3],
  ['one resource without a schema', [plain('a')], {}, 4],
  ['one table', [table('a')], {}, 7],
  ['two tables', [table('a'), table('b')], {}, 11],
  ['two sheets of one book', [{ name: 'book', path: 'book.xlsx' }], sheets, 11],
] as const) {
  test(`${what} makes ${count} pipelines`, () => assert.equal(plan(resources, more).pipelines.length, count))
}

test('one table makes report, CSV, JSON, zip, preview, copy and package, in this order', () => {
  assert.deepEqual(
    plan([table('birthdays')]).pipelines.map(({ id, kind, title, dependsOn, sources }) => [id, kind, title, dependsOn, sources]),
    [
      ['me/id/1/validation_report', 'report', 'Validating package contents', [], ['birthdays']],
      ['me/id/1/birthdays_csv', 'csv', 'Creating CSV', [], ['birthdays']],
      ['me/id/1/birthdays_json', 'json', 'Creating JSON', [], ['birthdays']],
      [
        'me/id/1/id_zip',
        'zip',
        'Creating ZIP',
        ['me/id/1/validation_report', 'me/id/1/birthdays_csv', 'me/id/1/birthdays_json'],
        ['birthdays_original'],
      ],
      ['me/id/1/birthdays_csv_preview', 'preview', 'Generating views', ['me/id/1/birthdays_csv'], []],
      ['me/id/1/birthdays', 'copy', 'Copying source data', [], ['birthdays']],
      [
        'me/id/1',
        'package',
        'Creating Package',
        [
          'me/id/1/validation_report',
          'me/id/1/birthdays_csv',
          'me/id/1/birthdays_json',
          'me/id/1/id_zip',
          'me/id/1/birthdays_csv_preview',
          'me/id/1/birthdays',
        ],
        [],
      ],
    ],
  )
})

test('sheets of a book become tables, and the book itself goes into the zip only', () => {
  assert.deepEqual(suffixes([{ name: 'book', path: 'book.xlsx' }], sheets), [
    '/validation_report',
    '/one_csv',
    '/two_csv',
    '/one_json',
    '/two_json',
    '/id_zip',
    '/one_csv_preview',
    '/two_csv_preview',
    '/one',
    '/two',
    '',
  ])
  const { sources, pipelines } = plan([{ name: 'book', path: 'book.xlsx' }], sheets)
  assert.deepEqual(
    sources.map(({ name, role, reader, resource }) => [name, role, reader, resource.path]),
    [
      ['one', 'tabular', { sheet: 1 }, 'archive/one.xlsx'],
      ['two', 'tabular', { sheet: 2 }, 'archive/two.xlsx'],
      ['book_original', 'original', undefined, 'archive/book.xlsx'],
    ],
  )
  assert.deepEqual(pipelines.find((one) => one.kind === 'zip')?.sources, ['book_original'])
})

test('the graph has one end, the package, and every dependency comes before its dependant', () => {
  const { pipelines } = plan([table('a'), plain('b'), table('c')])
  const ids = pipelines.map((one) => one.id)
  const needed = new Set(pipelines.flatMap((one) => one.dependsOn))
  assert.deepEqual(
    ids.filter((id) => !needed.has(id)),
    ['me/id/1'],
  )
  for (const { dependsOn } of pipelines) for (const id of dependsOn) assert.ok(ids.includes(id))
  for (const [at, { dependsOn }] of pipelines.entries()) for (const id of dependsOn) assert.ok(ids.indexOf(id) < at)
})

test('the zip has the name that the spec gives', () => {
  assert.ok(suffixes([], { outputs: [{ kind: 'sqlite' }, { kind: 'zip', parameters: { 'out-file': 'Data.Set.zip' } }] }).includes('/Data_Set_zip'))
})

for (const [what, resource, parameters, url] of [
  ['a relative path lies beside the package', { path: 'data/a.csv' }, {}, 'http://host.example/pkg/data/a.csv'],
  ['an absolute path is taken as it is', { path: 'https://other.example/a.csv' }, {}, 'https://other.example/a.csv'],
  ['of several paths the first is read', { path: ['a.csv', 'b.csv'] }, {}, 'http://host.example/pkg/a.csv'],
  [
    'a mapping of the path wins',
    { path: 'a.csv' },
    { 'resource-mapping': { 'a.csv': 'http://m.example/p', a: 'http://m.example/n' } },
    'http://m.example/p',
  ],
  ['a mapping of the name is next', { path: 'a.csv' }, { 'resource-mapping': { a: 'http://m.example/n' } }, 'http://m.example/n'],
  ['a path cannot name another host', { path: '//evil.example/a.csv' }, {}, 'http://host.example/pkg///evil.example/a.csv'],
] as const) {
  test(what, () => assert.equal(plan([{ name: 'a', ...resource }], {}, parameters).sources[0]?.url, url))
}

test('the format is the given one, else the extension', () => {
  const format = (more: object) => plan([{ name: 'a', path: 'x.TSV', ...more }]).sources[0]?.resource['format']
  assert.equal(format({}), 'tsv')
  assert.equal(format({ format: 'csv' }), 'csv')
  assert.equal(format({ format: '.csv' }), 'csv')
})

test('GeoJSON is never a table, and keeps its schema under another name', () => {
  const { sources, pipelines } = plan([{ name: 'a', path: 'a.json', format: 'geojson', schema }])
  assert.equal(pipelines.length, 4)
  assert.deepEqual(sources[0]?.resource['geojsonSchema'], schema)
  assert.equal(sources[0]?.resource['schema'], undefined)
})

const base = specOf([table('a')])
const input = base.inputs[0]

for (const [what, spec, message] of [
  ['no inputs', { ...base, inputs: [] }, 'Unexpected error: Only supporting one input atm'],
  ['two inputs', { ...base, inputs: [input, input] }, 'Unexpected error: Only supporting one input atm'],
  ['another kind', { ...base, inputs: [{ ...input, kind: 'gist' }] }, 'Unexpected error: Only supporting datapackage inputs atm'],
  ['no url', { ...base, inputs: [{ ...input, url: undefined }] }, /inputs\[0\]\.url must be text/],
  ['a file: url', { ...base, inputs: [{ ...input, url: 'file:///etc/datapackage.json' }] }, /http or https/],
  ['a relative url', { ...base, inputs: [{ ...input, url: 'datapackage.json' }] }, /http or https/],
  ['no parameters', { ...base, inputs: [{ ...input, parameters: undefined }] }, /inputs\[0\]\.parameters must be an object/],
  ['no dataset', { ...base, meta: { ownerid: 'me' } }, /meta\.dataset/],
  ['a dataset with a slash', { ...base, meta: { ownerid: 'me', dataset: 'a/b' } }, /meta\.dataset/],
  ['a dataset called ..', { ...base, meta: { ownerid: 'me', dataset: '..' } }, /meta\.dataset/],
  ['a dataset of 101 characters', { ...base, meta: { ownerid: 'me', dataset: 'a'.repeat(101) } }, /meta\.dataset/],
  ['an unknown findability', { ...base, meta: { ...base.meta, findability: 'secret' } }, /meta\.findability/],
  ['a resource without a name', specOf([{ path: 'a.csv' }]), /resources\[0\]\.name/],
  ['a resource without a path', specOf([{ name: 'a' }]), /resources\[0\]\.path/],
  ['inline data', specOf([{ name: 'a', data: [] }]), /inline data/],
  ['a name with a slash', specOf([{ name: '../a', path: 'a.csv' }]), /resources\[0\]\.name/],
  ['two resources of one name', specOf([table('a'), table('a')]), /more than one entry named "a"/],
  ['an absolute path of another scheme', specOf([{ name: 'a', path: 'httpx://x' }]), /resource a must be an http or https URL/],
  ['a mapping to a file', specOf([table('a')], {}, { 'resource-mapping': { a: 'file:///etc/passwd' } }), /resource-mapping/],
  ['a resource called like a pipeline', specOf([table('a'), plain('a_csv')]), /two things called "a_csv"/],
  ['a zip without a name', { ...base, outputs: [{ kind: 'zip', parameters: {} }] }, /out-file/],
  ['a zip that leaves its folder', { ...base, outputs: [{ kind: 'zip', parameters: { 'out-file': '../x.zip' } }] }, /out-file/],
  ['a step of unknown code', { ...base, processing: [{ input: 'a', output: 'b', dpp: [{ run: 'os.system' }] }] }, /processing\[0\]\.dpp\[0\]\.run/],
  ['processing without output', { ...base, processing: [{ input: 'a' }] }, /processing\[0\]\.output/],
] as const) {
  test(`a spec with ${what} is refused with the place of the fault`, () => {
    assert.throws(
      () => planFlow('me/id/1', parseSpec(spec)),
      (error) => {
        assert.ok(error instanceof DomainError)
        assert.equal(error.code, 'invalid')
        if (typeof message === 'string') assert.equal(error.message, message)
        else assert.match(error.message, message)
        return true
      },
    )
  })
}

test('every step that can be run may be named, and no other', () => {
  for (const run of Object.keys(stepCompilers)) {
    const { sources } = plan([table('a')], { processing: [{ input: 'a', output: 'b', dpp: [{ run }] }] })
    assert.deepEqual(sources[0]?.steps, [{ run, parameters: {} }])
  }
})

test('a package has at most 500 resources', () => {
  const many = (count: number) => [...Array(count).keys()].map((at) => table(`t${at}`))
  assert.equal(plan(many(500)).pipelines.length, 2003)
  assert.throws(() => plan(many(501)), /at most 500 entries, got 501/)
})

test('processing of a resource that does not exist is ignored', () => {
  assert.equal(plan([table('a')], { processing: [{ input: 'nowhere', output: 'b' }] }).pipelines.length, 7)
})

test('owner and dataset are found without checking the rest', () => {
  assert.deepEqual(findIdentity({ meta: { ownerid: 'me', dataset: 'id' }, inputs: 7 }), { ownerId: 'me', dataset: 'id' })
  for (const spec of [undefined, null, [], 'text', { meta: [] }, { meta: { ownerid: '' } }]) assert.equal(findIdentity(spec).ownerId, undefined)
})
