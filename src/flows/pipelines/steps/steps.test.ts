import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import fc from 'fast-check'
import { buildSourceFile, failingLines, runTask, temporaryFolder } from '../../../../test/pipeline-task.ts'
import { addNumbers, multiplyNumbers } from '../../../tabular/cast/decimal.ts'
import type { JsonObject, TaskSource } from '../task.ts'
import { stepCompilers } from './steps.ts'

const schema: JsonObject = {
  fields: [
    { name: 'city', type: 'string' },
    { name: 'day', type: 'date', format: '%d.%m.%Y' },
    { name: 'y2019', type: 'integer' },
    { name: 'y2020', type: 'number' },
  ],
  primaryKey: 'city',
}
const data = 'city,day,y2019,y2020\nBern,01.02.2020,10,0.1\nAarau,03.01.2020,9,0.2\nBern,05.06.2020,,1e3\n'

async function prepare(steps: readonly (readonly [string, JsonObject])[]): Promise<{ folder: string; source: TaskSource }> {
  const folder = await temporaryFolder()
  const source = await buildSourceFile(data, { folder, name: 'R.csv', schema })
  return { folder, source: { ...source, steps: steps.map(([run, parameters]) => ({ run, parameters })) } }
}

async function process(...steps: (readonly [string, JsonObject])[]) {
  const { folder, source } = await prepare(steps)
  const [file] = (await runTask(folder, { kind: 'csv', artifact: 'R_csv', sources: [source] })).files
  const lines = (await readFile(file?.localPath ?? '', 'utf8')).trimEnd().split('\r\n')
  return { lines, resource: file?.resource, rows: file?.rows }
}

const scenarios: readonly (readonly [string, string, JsonObject, readonly string[]])[] = [
  [
    'sort',
    'sorts by value, missing ones first',
    { 'sort-by': '{y2019}' },
    ['Bern,2020-06-05,,1e3', 'Aarau,2020-01-03,9,0.2', 'Bern,2020-02-01,10,0.1'],
  ],
  [
    'sort',
    'sorts by several fields, backwards',
    { 'sort-by': '{city}:{day}', reverse: true },
    ['Bern,2020-06-05,,1e3', 'Bern,2020-02-01,10,0.1', 'Aarau,2020-01-03,9,0.2'],
  ],
  ['filter', 'keeps what is in', { in: [{ city: 'Aarau' }, { y2019: 10 }] }, ['Bern,2020-02-01,10,0.1', 'Aarau,2020-01-03,9,0.2']],
  ['filter', 'drops what is out', { out: [{ city: 'Bern', y2019: null }] }, ['Bern,2020-02-01,10,0.1', 'Aarau,2020-01-03,9,0.2']],
  ['deduplicate', 'keeps the first row of a key', {}, ['Bern,2020-02-01,10,0.1', 'Aarau,2020-01-03,9,0.2']],
  ['delete_fields', 'deletes by name and pattern', { fields: ['day', 'y\\d+'] }, ['Bern', 'Aarau', 'Bern']],
  [
    'find_replace',
    'replaces with groups',
    { fields: [{ name: 'city', patterns: [{ find: '(?P<first>B)(.)', replace: '\\2$\\1' }] }] },
    ['e$Brn,2020-02-01,10,0.1', 'Aarau,2020-01-03,9,0.2', 'e$Brn,2020-06-05,,1e3'],
  ],
  [
    'find_replace',
    'replaces by named groups, and a group that took no part by nothing',
    { fields: [{ name: 'city', patterns: [{ find: '^(?P<first>[A-Z])(x)?', replace: '\\g<first>\\g<1>\\2$1' }] }] },
    ['BB$1ern,2020-02-01,10,0.1', 'AA$1arau,2020-01-03,9,0.2', 'BB$1ern,2020-06-05,,1e3'],
  ],
  [
    'set_types',
    'drops fields of no type',
    { types: { 'y.*': null, day: { type: 'string' } } },
    ['Bern,2020-02-01', 'Aarau,2020-01-03', 'Bern,2020-06-05'],
  ],
  [
    'add_computed_field',
    'computes exactly and leaves missing values out',
    {
      fields: [
        { operation: 'sum', target: 'total', source: ['y2019', 'y2020'] },
        { operation: 'multiply', target: 'product', source: ['y2019', 'y2020', 'y2020'] },
        { operation: 'max', target: 'top', source: ['y2019', 'y2020'] },
        { operation: 'avg', target: 'mean', source: ['y2019', 'y2020'] },
        { operation: 'join', target: 'both', source: ['city', 'day'], with: ' ' },
        { operation: 'format', target: 'text', with: '{city}/{y2019}' },
        { operation: 'constant', target: { name: 'one', type: 'integer' }, with: 1 },
      ],
    },
    [
      'Bern,2020-02-01,10,0.1,10.1,0.10,10,5.05,Bern 2020-02-01,Bern/10,1',
      'Aarau,2020-01-03,9,0.2,9.2,0.36,9,4.6,Aarau 2020-01-03,Aarau/9,1',
      'Bern,2020-06-05,,1e3,1000,1000000,1e3,1000,Bern 2020-06-05,Bern/,1',
    ],
  ],
  [
    'unpivot',
    'turns columns into rows',
    {
      extraKeyFields: [{ name: 'year', type: 'integer' }],
      extraValueField: { name: 'value', type: 'number' },
      unpivot: [{ name: 'y(\\d+)', keys: { year: '\\1' } }],
    },
    [
      'Bern,2020-02-01,2019,10',
      'Bern,2020-02-01,2020,0.1',
      'Aarau,2020-01-03,2019,9',
      'Aarau,2020-01-03,2020,0.2',
      'Bern,2020-06-05,2019,',
      'Bern,2020-06-05,2020,1e3',
    ],
  ],
]
for (const [run, behaviour, parameters, rows] of scenarios) {
  test(`${run} ${behaviour}`, async () => {
    const { lines, resource, rows: count } = await process([run, parameters])
    assert.deepEqual(lines.slice(1), rows)
    assert.equal(count, rows.length)
    const fields = JSON.parse(JSON.stringify(resource?.['schema'])).fields
    assert.equal(fields.map((field: { name: string }) => field.name).join(','), lines[0], 'the schema names the columns that are written')
  })
}

/** Runs steps on one column of numbers; returns the results joined by spaces. */
async function throughNumbers(cells: readonly string[], steps: readonly (readonly [string, JsonObject])[]) {
  const folder = await temporaryFolder()
  const field = { name: 'n', type: 'number', constraints: {} }
  const source = await buildSourceFile(`n\n${cells.join('\n')}\n`, { folder, name: 'R.csv', schema: { fields: [field], primaryKey: 'n' } })
  const planned = { ...source, steps: steps.map(([run, parameters]) => ({ run, parameters })) }
  const [file] = (await runTask(folder, { kind: 'csv', artifact: 'R_csv', sources: [planned] })).files
  return (await readFile(file?.localPath ?? '', 'utf8')).trimEnd().split('\r\n').slice(1)
}

for (const [run, parameters, cells, expected] of [
  [
    'sort',
    { 'sort-by': '{n}' },
    ['1e400', '9007199254740993', 'NaN', '9007199254740992', '-INF', '0.10', '0.1'],
    '-INF 0.10 0.1 9007199254740992 9007199254740993 1e400 NaN',
  ],
  ['sort', { 'sort-by': '{n}', reverse: true }, ['2', '10', '1.0', '1'], '10 2 1.0 1'],
  ['filter', { in: [{ n: 1.5 }] }, ['1.50', '15e-1', '1.51'], '1.50 15e-1'],
  ['filter', { out: [{ n: '9007199254740993' }] }, ['9007199254740992', '9007199254740993'], '9007199254740992'],
  ['deduplicate', {}, ['1', '1.0', '10e-1', '1.1'], '1 1.1'],
  [
    'add_computed_field',
    { fields: [{ operation: 'sum', target: { name: 'n', type: 'number' }, source: ['n', 'n'] }] },
    ['1e400', '0.1', 'INF', '123456789012345678901234567890'],
    `2${'0'.repeat(400)} 0.2 INF 246913578024691357802469135780`,
  ],
  [
    'add_computed_field',
    { fields: [{ operation: 'avg', target: { name: 'n', type: 'number' }, source: ['n'] }] },
    ['9007199254740993', '-1e-30', '0.0', 'NaN'],
    '9007199254740993 -0.000000000000000000000000000001 0 NaN',
  ],
  ['set_types', { types: { n: { type: 'string' } } }, ['1.50', '1e400'], '1.50 1e400'],
] as readonly (readonly [string, JsonObject, readonly string[], string])[]) {
  test(`${run} ${JSON.stringify(parameters)} keeps the digits of ${cells.join(', ')}`, async () => {
    assert.equal((await throughNumbers(cells, [[run, parameters]])).join(' '), expected)
  })
}

test('every step that a spec may name has a scenario', () => {
  assert.deepEqual([...new Set(scenarios.map(([run]) => run))].sort(), Object.keys(stepCompilers).sort())
})

test('steps run in order, and those for other resources are skipped', async () => {
  const { lines } = await process(
    ['delete_fields', { fields: ['city'], resources: 'other' }],
    ['delete_fields', { fields: ['day'], resources: ['R'] }],
    ['filter', { in: [{ city: 'Aarau' }], resources: 'R|S' }],
  )
  assert.deepEqual(lines, ['city,y2019,y2020', 'Aarau,9,0.2'])
})

const refused: readonly (readonly [string, JsonObject, RegExp])[] = [
  ['custom.code', {}, /the step "custom.code" is not known; sort, filter/],
  ['constructor', {}, /not known/],
  ['sort', {}, /wants fields in braces/],
  ['sort', { 'sort-by': '{town}' }, /names the field "town", which is not there/],
  ['filter', { in: [{ y2019: 'ten' }] }, /which it can never be/],
  ['delete_fields', { fields: ['nothing'] }, /no field is meant/],
  ['delete_fields', { fields: ['.*'] }, /deletes all fields/],
  ['set_types', { types: { city: { type: 'money' } } }, /unknown type "money"/],
  ['add_computed_field', { fields: [{ operation: 'guess', target: 'x' }] }, /unknown operation "guess"/],
  ['add_computed_field', { fields: [{ operation: 'sum', target: 'x', source: ['city'] }] }, /row 2, column x: cannot be computed: its sources/],
  ['add_computed_field', { fields: [{ operation: 'format', target: 'x', with: '{y2020:.2f}' }] }, /names the field "y2020:.2f", which is not there/],
  ['set_types', { types: { city: { type: 'date', format: 'any' } } }, /row 2, column city: "Bern" is not a date of the format any/],
  ['find_replace', { fields: [{ name: 'city', patterns: [{ find: '(', replace: '' }] }] }, /not a regular expression of this hub: missing closing/],
  [
    'find_replace',
    { fields: [{ name: 'city', patterns: [{ find: '(?=B)', replace: '' }] }] },
    /look-ahead, look-behind and back-references are not supported/,
  ],
  [
    'find_replace',
    { fields: [{ name: 'city', patterns: [{ find: '(B)', replace: '\\2' }] }] },
    /replaces by group 2, which its pattern does not have/,
  ],
  ['delete_fields', { fields: ['(a)\\1'] }, /not a regular expression of this hub/],
  ['sort', { resources: '(', 'sort-by': '{city}' }, /not a regular expression of this hub/],
  ['set_types', { types: { city: { type: 'integer' } } }, /row 2, column city: "Bern" is not a whole number \(in the step set_types\)/],
]
for (const [run, parameters, problem] of refused) {
  test(`the step ${run} with ${JSON.stringify(parameters)} fails its pipeline with the reason`, async () => {
    const { folder, source } = await prepare([[run, parameters]])
    assert.match((await failingLines(folder, { kind: 'csv', artifact: 'R_csv', sources: [source] }))[0] ?? '', problem)
  })
}

test('sums and products of decimals are exact', () => {
  const decimal = fc.tuple(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), fc.nat(6))
  const write = ([digits, scale]: [bigint, number]) => {
    const text = String(digits < 0n ? -digits : digits).padStart(scale + 1, '0')
    return `${digits < 0n ? '-' : ''}${text.slice(0, text.length - scale)}${scale > 0 ? '.' : ''}${text.slice(text.length - scale)}`
  }
  const millionths = (text: string) => {
    const [whole = '', fraction = ''] = text.split('.')
    return BigInt(whole + fraction.padEnd(12, '0'))
  }
  fc.assert(
    fc.property(decimal, decimal, (one, other) => {
      const [left, right] = [write(one), write(other)]
      assert.equal(millionths(addNumbers([left, right]) ?? ''), millionths(left) + millionths(right))
      assert.equal(millionths(multiplyNumbers([left, right]) ?? '') * 10n ** 12n, millionths(left) * millionths(right))
    }),
  )
})
