import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { DomainError } from '../base/errors.ts'
import { stepNames } from './pipelines/steps/options.ts'
import { stepCompilers } from './pipelines/steps/steps.ts'
import { parseSpec } from './spec.ts'
import { checkOptions } from './spec-options.ts'

const build = (resource: object, more: object = {}) => ({
  meta: { ownerid: 'me', dataset: 'd', version: 1 },
  inputs: [
    {
      kind: 'datapackage',
      url: 'https://a.example/datapackage.json',
      parameters: { descriptor: { name: 'd', resources: [{ name: 'r', path: 'r.csv', ...resource }] } },
    },
  ],
  ...more,
})
const withField = (field: object) => build({ schema: { fields: [{ name: 'n', ...field }] } })
function withParameters(more: object) {
  const spec = build({})
  Object.assign(spec.inputs[0]?.parameters ?? {}, more)
  return spec
}
const withStep = (run: string, parameters: object) => build({}, { processing: [{ input: 'r', output: 'o', dpp: [{ run, parameters }] }] })
const withReader = (tabulator: object) => build({}, { processing: [{ input: 'r', output: 'o', tabulator }] })

function refusalOf(spec: object): string | undefined {
  const value = JSON.parse(JSON.stringify(spec))
  try {
    checkOptions(value, parseSpec(value))
    return undefined
  } catch (error) {
    if (error instanceof DomainError) return error.message
    throw error
  }
}

const field = 'inputs\\[0\\]\\.parameters\\.descriptor\\.resources\\[0\\]\\.schema\\.fields\\[0\\]'
const refused: readonly (readonly [object, string])[] = [
  [withField({ type: 'money' }), `${field}\\.type must be one of string, number, .*, got "money"`],
  [withField({ type: 'Integer' }), 'did you mean integer\\?'],
  [withField({ type: 'number', decimalchar: ',' }), `${field}\\.decimalchar is not known; did you mean decimalChar\\?`],
  [withField({ type: 'string', trueValues: ['y'] }), `${field}\\.trueValues is not known \\(known: name, type, `],
  [withField({ type: 'number', decimalChar: ',,' }), 'decimalChar'],
  [withField({ type: 'number', decimalChar: ',', groupChar: ',' }), 'groupChar'],
  [withField({ type: 'number', bareNumber: 'false' }), 'bareNumber'],
  [withField({ type: 'boolean', trueValues: 'yes' }), 'trueValues'],
  [withField({ type: 'boolean', trueValues: ['1'], falseValues: ['1'] }), 'trueValues'],
  [withField({ type: 'list', itemType: 'money' }), 'itemType'],
  [withField({ type: 'string', format: 'mail' }), `${field}\\.format must be one of default, email, .*got "mail"; did you mean email\\?`],
  [withField({ type: 'number', format: 'currency' }), `${field}\\.format must be one of default, got "currency"`],
  [withField({ type: 'date', format: 'YYYY-MM-DD' }), `${field}\\.format must be one of default, any, a pattern such as %d\\.%m\\.%Y`],
  [withField({ type: 'date', format: '%Y-%Q' }), 'unknown directive %Q'],
  [withField({ type: 'date', format: '%H:%M' }), '%H'],
  [withField({ type: 'time', format: '%d %H:%M' }), '%d'],
  [withField({ type: 'string', constraints: { requird: true } }), `${field}\\.constraints\\.requird is not known; did you mean required\\?`],
  [withField({ type: 'string', constraints: { required: 'true' } }), 'must be true or false'],
  [withField({ type: 'string', constraints: { minimum: 1 } }), 'does not fit the type string'],
  [build({ schema: { fields: [], missingValue: ['-'] } }), 'schema\\.missingValue is not known; did you mean missingValues\\?'],
  [build({ schema: { fields: [{ name: 'a' }], primaryKey: 'b' } }), 'schema cannot be used: .*primaryKey names b'],
  [build({ encodng: 'latin1' }), 'encodng is not known; did you mean encoding\\?'],
  [build({ Schema: { fields: [] } }), 'Schema is not known; did you mean schema\\?'],
  [build({ missingValues: ['-'] }), 'resources\\[0\\]\\.missingValues is not known here; it belongs into .*\\.schema'],
  [build({ delimiter: ';' }), 'delimiter is not known here; it belongs into .*\\.dialect'],
  [withParameters({ resource_mapping: {} }), 'inputs\\[0\\]\\.parameters\\.resource_mapping is not known; did you mean resource-mapping\\?'],
  [build({ dialect: { delimitter: ';' } }), 'dialect\\.delimitter is not known; did you mean delimiter\\?'],
  [build({ dialect: { csv: { delimitr: ';' } } }), 'dialect\\.csv\\.delimitr is not known'],
  [build({ dialect: { delimiter: ';;' } }), 'dialect cannot be used: the option delimiter must be one character'],
  [build({ dialect: 'excel' }), 'dialect must be an object'],
  [withReader({ header_row: 2 }), 'tabulator\\.header_row is not known'],
  [withReader({ skip_row: 2 }), 'tabulator\\.skip_row is not known; did you mean skipRows\\?'],
  [withReader({ sheet: 1 }), 'tabulator cannot be used: the option sheet picks a sheet of a workbook'],
  [withReader({ headers: 'two' }), 'tabulator cannot be used: the option headers must be'],
  [withStep('sort', { 'sort-bye': '{a}' }), 'processing\\[0\\]\\.dpp\\[0\\]\\.parameters\\.sort-bye is not known; did you mean sort-by\\?'],
  [withStep('sortt', {}), 'must be one of sort, .* got "sortt"; did you mean sort\\?'],
  [
    withStep('find_replace', { fields: [{ name: 'a', patterns: [{ find: 'a', replase: 'b' }] }] }),
    'fields\\[0\\]\\.patterns\\[0\\]\\.replase is not known',
  ],
  [withStep('add_computed_field', { fields: [{ operation: 'average', target: 'a' }] }), 'fields\\[0\\]\\.operation must be one of constant'],
  [withStep('set_types', { types: { a: { type: 'int' } } }), 'types\\.a\\.type must be one of'],
  [withStep('unpivot', { extraKeyFields: [], extraValueField: { name: 'v', type: 'nummer' }, unpivot: [] }), 'extraValueField\\.type'],
  [build({}, { outputs: [{ kind: 'zipp', parameters: {} }] }), 'outputs\\[0\\]\\.kind must be one of zip.* did you mean zip\\?'],
  [build({}, { outputs: [{ kind: 'zip', parameters: { 'out-file': 'a.zip', level: 9 } }] }), 'outputs\\[0\\]\\.parameters\\.level is not known'],
  [build({}, { procesing: [] }), 'spec\\.procesing is not known; did you mean processing\\?'],
  [build({ schema: { fields: Array.from({ length: 5_001 }, (_, at) => ({ name: `f${at}` })) } }), 'beyond the 5000 fields'],
]

for (const [spec, message] of refused) {
  test(`a spec is refused with the message ${message.replaceAll('\\', '').slice(-60)}`, () => {
    assert.match(refusalOf(spec) ?? 'taken', new RegExp(message))
  })
}

const rounded = '{"type":"integer","name":"n","constraints":{"maximum":12345678901234567890}}'
test('a number of a constraint or a step that has lost digits is refused', () => {
  const reason = 'has a number of more digits than can be kept; write it as text'
  assert.ok(refusalOf(withField(JSON.parse(rounded)))?.endsWith(`constraints.maximum ${reason}`))
  const step = withStep('filter', { in: [{ n: 2 ** 60 }] })
  assert.ok(refusalOf(step)?.endsWith(`dpp[0].parameters.in.n ${reason}`))
})

const taken: readonly object[] = [
  build({ title: 't', 'dc:creator': 'x', bytes: 3, hash: 'h', custom: 1, datahub: {}, views: [] }, { note: 'mine' }),
  withField({ type: 'number', title: 't', description: 'd', rdfType: 'r', example: '1', 'x-unit': 'm', unit: 'm', bareNumber: null }),
  withField({ type: 'date', format: 'fmt:%d/%m/%y' }),
  withField({ type: 'string', missingValues: ['-'], categories: ['a'] }),
  build({ schema: { fields: [], foreignKeys: [], $schema: 'x' } }),
  build({ dialect: { json: { keyed: true } } }),
  build({ dialect: { csvddfVersion: 1.2, quotechar: "'", escape_char: '\\', lineTerminator: '\n', skipInitialSpace: true, nullSequence: null } }),
  withReader({ headers: 2, skip_rows: [1], doublequote: true, skipinitialspace: true, format: 'csv', encoding: 'utf-8' }),
  withStep('add_computed_field', { resources: 'o', fields: [{ operation: 'sum', target: { name: 'a', type: 'number' }, source: ['b'] }] }),
  withStep('set_types', { types: { a: null, b: { title: 'only' } }, regex: true }),
  build({}, { outputs: [{ kind: 'sqlite' }, { kind: 'zip', parameters: { 'out-file': 'a.zip' } }] }),
]
for (const spec of taken) test(`a spec is taken: ${JSON.stringify(spec).slice(170, 330)}`, () => assert.equal(refusalOf(spec), undefined))

test('a package of another publisher is accepted unchanged', () => {
  const { resources } = JSON.parse(readFileSync(new URL('../../node_modules/vega-datasets/datapackage.json', import.meta.url), 'utf8'))
  const spec = build({})
  Object.assign(spec.inputs[0]?.parameters.descriptor ?? {}, {
    resources: resources.map((one: { name: string }) => ({ ...one, name: one.name.toLowerCase() })),
  })
  assert.equal(refusalOf(spec), undefined)
})

test('every step has its list of options', () => {
  assert.deepEqual(stepNames.toSorted(), Object.keys(stepCompilers).sort())
})
