import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DomainError } from '../base/errors.ts'
import { parseSpec } from './spec.ts'
import { checkPatterns } from './spec-patterns.ts'

const withPattern = (pattern: string, name = 'x') => ({ name, constraints: { pattern } })

/** Reads a spec of one table with these fields and a processing of it with these steps. */
function check({ fields = [{ name: 'x' }] as object[], schema, dpp = [] }: { fields?: object[]; schema?: object; dpp?: [string, object][] }): void {
  const resource = { name: 'a', path: 'a.csv', schema: { fields } }
  checkPatterns(
    parseSpec({
      meta: { ownerid: 'me', dataset: 'd' },
      inputs: [{ kind: 'datapackage', url: 'http://host.example/', parameters: { descriptor: { name: 'd', resources: [resource] } } }],
      processing: [{ input: 'a', output: 'b', schema, dpp: dpp.map(([run, parameters]) => ({ run, parameters })) }],
    }),
  )
}

const bad = '(?=x)y'
for (const [place, spec] of [
  ['inputs[0].parameters.descriptor.resources[0].schema.fields[1].constraints.pattern', { fields: [{ name: 'x' }, withPattern(bad)] }],
  ['processing[0].schema.fields[0].constraints.pattern', { schema: { fields: [withPattern(bad)] } }],
  ['processing[0].dpp[0].parameters.resources', { dpp: [['sort', { resources: bad, 'sort-by': '{x}' }]] }],
  ['processing[0].dpp[0].parameters.fields[0].patterns[0].find', { dpp: [['find_replace', { fields: [{ name: 'x', patterns: [{ find: bad }] }] }]] }],
  ['processing[0].dpp[0].parameters.types', { dpp: [['set_types', { types: { [bad]: null } }]] }],
  ['processing[0].dpp[0].parameters.types.x.constraints.pattern', { dpp: [['set_types', { types: { x: withPattern(bad) } }]] }],
  ['processing[0].dpp[0].parameters.fields[1]', { dpp: [['delete_fields', { fields: ['x', bad] }]] }],
  ['processing[0].dpp[0].parameters.unpivot[0].name', { dpp: [['unpivot', { unpivot: [{ name: bad }] }]] }],
  ['processing[0].dpp[0].parameters.extraKeyFields[0].constraints.pattern', { dpp: [['unpivot', { extraKeyFields: [withPattern(bad)] }]] }],
  ['processing[0].dpp[0].parameters.extraValueField.constraints.pattern', { dpp: [['unpivot', { extraValueField: withPattern(bad) }]] }],
  [
    'processing[0].dpp[0].parameters.fields[0].target.constraints.pattern',
    { dpp: [['add_computed_field', { fields: [{ target: withPattern(bad) }] }]] },
  ],
] as readonly (readonly [string, Parameters<typeof check>[0]])[]) {
  test(`a pattern that cannot be used is refused, with its place ${place}`, () => {
    const reason = `Validation failed for contents: ${place} "${bad}" is not a regular expression of this hub: invalid or unsupported Perl syntax`
    assert.throws(
      () => check(spec),
      (error) => error instanceof DomainError && error.message.startsWith(reason),
    )
  })
}

for (const [what, spec] of [
  ['names a field in full', { fields: [{ name: 'price (' }], dpp: [['delete_fields', { fields: ['price ('] }]] }],
  [
    'names a field that a step makes',
    {
      dpp: [
        ['add_computed_field', { fields: [{ target: 'sum (' }] }],
        ['delete_fields', { fields: ['sum ('] }],
      ],
    },
  ],
  ['is no expression because the step says so', { dpp: [['delete_fields', { fields: ['('], regex: false }]] }],
  ['is one that can be used', { fields: [withPattern('[A-Z]{2}\\d+')] }],
] as readonly (readonly [string, Parameters<typeof check>[0]])[]) {
  test(`a text that ${what} is taken`, () => check(spec))
}

test('all patterns of a spec together have a size limit; a repeated pattern counts once', () => {
  const field = (at: number, pattern: string) => withPattern(pattern, `f${at}`)
  check({ fields: [...Array(500).keys()].map((at) => field(at, '(ab){1000}')) })
  const many = { fields: [...Array(11).keys()].map((at) => field(at, `(ab){900}${at % 10}${at}`)) }
  check({ fields: many.fields.slice(0, 10) })
  assert.throws(() => check({ fields: [...many.fields, field(12, '(ab){999}')] }), /fields\[11\]\.constraints\.pattern goes beyond the 20000 steps/)
})
