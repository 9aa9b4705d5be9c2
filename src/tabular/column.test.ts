import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compileColumn, quoteJson, writeJson } from './column.ts'
import { UnreadableTable } from './faults.ts'
import { JsonCursor } from './json/cursor.ts'
import { fieldTypes, parseSchema } from './schema.ts'

const column = (field: object, missingValues = ['']) => {
  const [parsed] = parseSchema({ fields: [{ name: 'x', ...field }] }).fields
  assert.ok(parsed)
  return compileColumn(parsed, missingValues)
}

/** Field, text, canonical text (null: missing, undefined: does not fit). */
const casts: readonly (readonly [object, string, string | null | undefined])[] = [
  [{ type: 'string' }, 'Zürich', 'Zürich'],
  [{ type: 'string' }, '', null],
  [{ type: 'string', format: 'email' }, 'ann@example.org', 'ann@example.org'],
  [{ type: 'string', format: 'email' }, 'ann at example.org', undefined],
  [{ type: 'string', format: 'uri' }, 'https://example.org/a?b', 'https://example.org/a?b'],
  [{ type: 'string', format: 'uri' }, 'example', undefined],
  [{ type: 'string', format: 'uuid' }, '95ecc380-afe9-11e4-9b6c-751b66dd541e', '95ecc380-afe9-11e4-9b6c-751b66dd541e'],
  [{ type: 'string', format: 'uuid' }, '95ecc380', undefined],
  [{ type: 'string', format: 'binary' }, 'aGVsbG8=', 'aGVsbG8='],
  [{ type: 'string', format: 'binary' }, 'aGVsbG8', undefined],
  [{ type: 'integer' }, '42', '42'],
  [{ type: 'integer' }, '-0', '0'],
  [{ type: 'integer' }, '+007', '7'],
  [{ type: 'integer' }, '-012', '-12'],
  [{ type: 'integer' }, '123456789012345678901234567890', '123456789012345678901234567890'],
  [{ type: 'integer' }, '1.0', undefined],
  [{ type: 'integer' }, '1e3', undefined],
  [{ type: 'integer' }, '1 000', undefined],
  [{ type: 'integer' }, 'abc', undefined],
  [{ type: 'integer', bareNumber: false }, '€95', '95'],
  [{ type: 'integer', groupChar: ',' }, '1,234,567', '1234567'],
  [{ type: 'number' }, '1.50', '1.50'],
  [{ type: 'number' }, '-.5', '-0.5'],
  [{ type: 'number' }, '5.', '5'],
  [{ type: 'number' }, '+1e5', '1e5'],
  [{ type: 'number' }, '007.25', '7.25'],
  [{ type: 'number' }, 'nan', 'NaN'],
  [{ type: 'number' }, '-INF', '-INF'],
  [{ type: 'number' }, '.', undefined],
  [{ type: 'number' }, '1,5', undefined],
  [{ type: 'number' }, '0x10', undefined],
  [{ type: 'number' }, '$5', undefined],
  [{ type: 'number', decimalChar: ',' }, '1,5', '1.5'],
  [{ type: 'number', decimalChar: ',' }, '1.5', undefined],
  [{ type: 'number', decimalChar: ',', groupChar: '.' }, '1.234,5', '1234.5'],
  [{ type: 'number', bareNumber: false }, '$ 95.00', '95.00'],
  [{ type: 'number', bareNumber: false }, '-95 %', '-95'],
  ...(
    [
      ['(12)', '-12'],
      ['($12.50)', '-12.50'],
      ['$(12)', '-12'],
      ['(12 %) EUR', '-12'],
      ['12-', '-12'],
      ['12 - USD', undefined],
      ['12-€', '-12'],
      ['\u22125', '-5'],
      ['-€5', '-5'],
      ['€ -5', '-5'],
      ['+5 EUR', '5'],
      ['Rs. 500', '500'],
      ['1234 km²', '1234'],
      ['5 EUR/kg', '5'],
      ['1e-5 m', '1e-5'],
      ['inf', 'INF'],
      ['NaN', 'NaN'],
      ['-(12)', undefined],
      ['(-12)', undefined],
      ['(12', undefined],
      ['12)', undefined],
      ['5 (12)', undefined],
      ['5.-', undefined],
      ['Rs.500', undefined],
      ['A-5', undefined],
      ['+-5', undefined],
      ['5-10', undefined],
      ['5+', undefined],
      ['<5', undefined],
      ['±5', undefined],
      ['1½', undefined],
      ['10²', undefined],
      ['1/2', undefined],
      ['–5', undefined],
      ['1.5 million', undefined],
      ['1.5M', undefined],
      ['$300k', undefined],
      ['5 m', '5'],
      ['1 234 €', undefined],
      ['€', undefined],
    ] as const
  ).map(([text, expected]) => [{ type: 'number', bareNumber: false }, text, expected] as const),
  [{ type: 'number', bareNumber: false, decimalChar: ',', groupChar: '.' }, '1.234,50 €', '1234.50'],
  [{ type: 'integer', bareNumber: false }, '(1200)', '-1200'],
  [{ type: 'integer', bareNumber: false }, '12.0', undefined],
  [{ type: 'number' }, '(12)', undefined],
  [{ type: 'number' }, '\u22125', undefined],
  [{ type: 'number' }, '1e400', '1e400'],
  [{ type: 'number' }, '1e9999999999', undefined],
  ...(
    [
      ['1,234,567', '1234567'],
      ['12,34,567', '1234567'],
      ['1,00,000', '100000'],
      ['-1,234.5', '-1234.5'],
      ['1234567', '1234567'],
      ['1,234e3', '1234e3'],
      ['1,23', undefined],
      ['1,2345', undefined],
      ['1234,567', undefined],
      ['12,34,5678', undefined],
      ['1,,234', undefined],
      [',123', undefined],
      ['123,', undefined],
      ['0,123', undefined],
      ['1.234,567', undefined],
      ['1,234,56', undefined],
    ] as const
  ).flatMap(([text, expected]) =>
    [',', "'", ' ', '\u00a0'].map((groupChar) => [{ type: 'number', groupChar }, text.replaceAll(',', groupChar), expected] as const),
  ),
  [{ type: 'boolean' }, 'TRUE', 'true'],
  [{ type: 'boolean' }, '0', 'false'],
  [{ type: 'boolean' }, 'yes', undefined],
  [{ type: 'boolean', trueValues: ['yes'], falseValues: ['no'] }, 'no', 'false'],
  [{ type: 'boolean', trueValues: ['yes'], falseValues: ['no'] }, 'true', undefined],
  [{ type: 'date' }, '2017-01-18', '2017-01-18'],
  [{ type: 'date' }, '2017-1-18', '2017-01-18'],
  [{ type: 'date' }, '2016-02-29', '2016-02-29'],
  [{ type: 'date' }, '2017-02-29', undefined],
  [{ type: 'date' }, '1900-02-29', undefined],
  [{ type: 'date' }, '2017-13-01', undefined],
  [{ type: 'date' }, '0000-01-01', undefined],
  [{ type: 'date' }, 'abcd-01-01', undefined],
  [{ type: 'date' }, '18.01.2017', undefined],
  [{ type: 'date', format: '%d.%m.%Y' }, '18.1.2017', '2017-01-18'],
  [{ type: 'date', format: 'fmt:%d/%m/%y' }, '18/01/69', '1969-01-18'],
  [{ type: 'date', format: '%b %d %Y' }, 'Jan 1 2000', '2000-01-01'],
  [{ type: 'date', format: '%B %d, %Y' }, 'february 30, 2000', undefined],
  [{ type: 'date', format: '%Y%j' }, '2000366', '2000-12-31'],
  [{ type: 'date', format: '%Y%j' }, '2001366', undefined],
  [{ type: 'date', format: 'any' }, '12/31/1999', '1999-12-31'],
  [{ type: 'date', format: 'any' }, '31/12/1999', '1999-12-31'],
  [{ type: 'date', format: 'any' }, '3 March 2020', '2020-03-03'],
  [{ type: 'date', format: 'any' }, '01.02.2023', undefined],
  [{ type: 'date', format: 'any' }, '05.05.2023', '2023-05-05'],
  [{ type: 'date', format: 'any' }, '31.12.99', undefined],
  [{ type: 'date', format: 'any' }, 'March 2020', undefined],
  [{ type: 'date', format: 'any' }, '2024111', undefined],
  [{ type: 'date', format: 'any' }, '20240111', '2024-01-11'],
  [{ type: 'date', format: '%Y%m%d' }, '2024111', undefined],
  [{ type: 'date', format: '%Y-%m-%dT%H:%M:%S' }, '2024-01-11T00:00:00', '2024-01-11'],
  [{ type: 'date', format: '%Y-%m-%dT%H:%M:%S' }, '2024-01-11T10:00:00', undefined],
  [{ type: 'date', format: '%a %d.%m.%Y' }, 'Thu 11.01.2024', '2024-01-11'],
  [{ type: 'date', format: '%a %d.%m.%Y' }, 'Fri 11.01.2024', undefined],
  [{ type: 'date', format: '%d.%m.%Y' }, '29.02.2023', undefined],
  [{ type: 'date', format: '%d. %B %Y' }, '1. März 2024', undefined],
  [{ type: 'date', format: 'any' }, 'soon', undefined],
  [{ type: 'time' }, '3:00:09', '03:00:09'],
  [{ type: 'time' }, '24:00:00', undefined],
  [{ type: 'time', format: '%I:%M %p' }, '12:05 am', '00:05:00'],
  [{ type: 'time', format: '%H:%M:%S.%f' }, '01:02:03.5', '01:02:03.500000'],
  [{ type: 'datetime' }, '2017-01-18T01:02:03Z', '2017-01-18 01:02:03'],
  [{ type: 'datetime' }, '2017-01-18T01:02:03', '2017-01-18 01:02:03'],
  [{ type: 'datetime' }, '2017-01-01T01:30:00+02:00', '2016-12-31 23:30:00'],
  [{ type: 'datetime' }, '2017-01-18T01:02:03.25Z', undefined],
  [{ type: 'datetime' }, '2017-01-18', undefined],
  [{ type: 'datetime', format: '%Y-%m-%dT%H:%M:%S.%fZ' }, '2017-01-18T01:02:03.25Z', '2017-01-18 01:02:03.250000'],
  [{ type: 'datetime', format: '%Y/%m/%d %H:%M' }, '2001/01/14 21:55', '2001-01-14 21:55:00'],
  [{ type: 'datetime', format: 'any' }, 'Mar 4, 2020 5:06 PM', '2020-03-04 17:06:00'],
  [{ type: 'datetime', format: 'any' }, '2020-03-04', '2020-03-04 00:00:00'],
  [{ type: 'datetime', format: 'any' }, '2020-03-04 10:00:00+02', '2020-03-04 08:00:00'],
  [{ type: 'datetime', format: 'any' }, '2020-03-04T10:00:00.5Z', undefined],
  [{ type: 'datetime' }, '2016-12-31T23:59:60Z', undefined],
  [{ type: 'datetime' }, '2016-12-31T24:00:00Z', undefined],
  [{ type: 'datetime' }, '2016-12-31T10:00:00+99:00', undefined],
  [{ type: 'datetime' }, '0001-01-01T00:30:00+01:00', undefined],
  [{ type: 'datetime' }, '9999-12-31T23:30:00-01:00', undefined],
  [{ type: 'datetime', format: '%Y-%m-%d %H:%M:%S.%f' }, '2020-03-04 10:00:00.123456789', undefined],
  [{ type: 'year' }, '1999', '1999'],
  [{ type: 'year' }, '99', undefined],
  [{ type: 'yearmonth' }, '2020-3', '2020-03'],
  [{ type: 'yearmonth' }, '2020-13', undefined],
  [{ type: 'duration' }, 'P1Y2M3DT4H5M6.5S', 'P1Y2M3DT4H5M6.5S'],
  [{ type: 'duration' }, 'P', undefined],
  [{ type: 'duration' }, 'P1DT', undefined],
  [{ type: 'object' }, '{"a": 1}', '{"a": 1}'],
  [{ type: 'object' }, '[1]', undefined],
  [{ type: 'object' }, '{a}', undefined],
  [{ type: 'array' }, '[1, 2]', '[1, 2]'],
  [{ type: 'array' }, '{}', undefined],
  [{ type: 'list' }, 'a,b', 'a,b'],
  [{ type: 'list', itemType: 'integer', delimiter: ';' }, '01;2', '1;2'],
  [{ type: 'list', itemType: 'integer' }, '1,b', undefined],
  [{ type: 'geopoint' }, '8.5, 47.4', '8.5,47.4'],
  [{ type: 'geopoint' }, '181, 0', undefined],
  [{ type: 'geopoint' }, '8.5', undefined],
  [{ type: 'geopoint', format: 'array' }, '[8.5, 47.4]', '[8.5, 47.4]'],
  [{ type: 'geopoint', format: 'object' }, '{"lon": 8.5, "lat": 47.4}', '{"lon": 8.5, "lat": 47.4}'],
  [{ type: 'geopoint', format: 'object' }, '{"lon": 8.5}', undefined],
  [{ type: 'geojson' }, '{"type": "Point", "coordinates": [1, 2]}', '{"type": "Point", "coordinates": [1, 2]}'],
  [{ type: 'geojson' }, '{"type": "Dot"}', undefined],
  [{ type: 'geojson', format: 'topojson' }, '{"type": "Topology"}', '{"type": "Topology"}'],
  [{ type: 'any' }, 'x', 'x'],
]

for (const [field, text, expected] of casts) {
  const outcome = expected === undefined ? 'does not fit' : expected === null ? 'is missing' : `casts to ${expected}`
  test(`as ${JSON.stringify(field)}, ${JSON.stringify(text)} ${outcome}`, () => {
    const tried = column(field)
    assert.equal(tried.castText(text), expected)
    if (typeof expected === 'string')
      assert.equal(column(tried.field.source).castText(expected), expected, 'canonical text casts to itself by the written field')
  })
}

test('every type of the standard has a cast', () => {
  for (const type of fieldTypes)
    assert.ok(
      casts.some(([field]) => 'type' in field && field.type === type),
      type,
    )
})

/** Field, value in a JSON file, canonical text. */
const valueCasts: readonly (readonly [object, string, string | null | undefined])[] = [
  [{ type: 'integer' }, '5', '5'],
  [{ type: 'integer' }, '1e21', '1000000000000000000000'],
  [{ type: 'integer' }, '5.5', undefined],
  [{ type: 'number', decimalChar: ',' }, '5.5', '5.5'],
  [{ type: 'number' }, 'true', undefined],
  [{ type: 'boolean', trueValues: ['yes'] }, 'true', 'true'],
  [{ type: 'string' }, '5', '5'],
  [{ type: 'string' }, '{"a": 1}', undefined],
  [{ type: 'object' }, '{"a": 1}', '{"a":1}'],
  [{ type: 'array' }, '[1]', '[1]'],
  [{ type: 'year' }, '1999', '1999'],
  [{ type: 'date' }, '20170118', undefined],
  [{ type: 'list', itemType: 'integer' }, '[1, 2]', '1,2'],
  [{ type: 'geopoint', format: 'array' }, '[8.5, 47.4]', '[8.5,47.4]'],
  [{ type: 'any' }, '{"a": 1}', '{"a":1}'],
  [{ type: 'integer' }, '5.0', '5'],
  [{ type: 'integer' }, '-0', '0'],
  [{ type: 'integer' }, '12345678901234567890', '12345678901234567890'],
  [{ type: 'integer' }, '1e999999', undefined],
  [{ type: 'number' }, '1.10', '1.10'],
  [{ type: 'number' }, '-0', '-0'],
  [{ type: 'number' }, '1E5', '1E5'],
  [{ type: 'number' }, '1e400', '1e400'],
  [{ type: 'number' }, '0.1234567890123456789', '0.1234567890123456789'],
  [{ type: 'number' }, '"1,5"', undefined],
  [{ type: 'string' }, '1.10', '1.10'],
  [{ type: 'string' }, '9007199254740993', '9007199254740993'],
  [{ type: 'any' }, '1e400', '1e400'],
  [{ type: 'array' }, '[9007199254740993, "a b"]', '[9007199254740993,"a b"]'],
  [{ type: 'list' }, '["a", "b,c"]', undefined],
  [{ type: 'list' }, '[]', undefined],
  [{ type: 'year' }, '44', '0044'],
  [{ type: 'year' }, '19.5', undefined],
  [{ type: 'integer' }, 'null', null],
  [{ type: 'integer', constraints: { required: true } }, 'null', undefined],
]

for (const [field, text, expected] of valueCasts) {
  test(`as ${JSON.stringify(field)}, ${text} in a JSON file gives ${expected}`, () => {
    const cell = new JsonCursor(`${text} `).readCell()
    const tried = column(field)
    assert.equal(typeof cell === 'string' ? tried.castText(cell) : tried.castValue(cell), expected)
  })
}

/** Field with its constraint, a valid value, an invalid one, and the code of the fault. */
const constraints: readonly (readonly [object, string, string, string])[] = [
  [{ type: 'string', constraints: { required: true } }, 'x', '', 'required-constraint'],
  [{ type: 'string', constraints: { enum: ['a', 'b'] } }, 'b', 'c', 'enumerable-constraint'],
  [{ type: 'integer', constraints: { enum: [1, '2'] } }, '02', '3', 'enumerable-constraint'],
  [{ type: 'string', constraints: { pattern: '[a-z]+' } }, 'abc', 'abc1', 'pattern-constraint'],
  [{ type: 'string', constraints: { pattern: 'a|ab' } }, 'ab', 'abc', 'pattern-constraint'],
  [{ type: 'string', constraints: { pattern: '(a+)+b' } }, 'aab', 'a'.repeat(10_000), 'pattern-constraint'],
  [{ type: 'integer', constraints: { pattern: '\\d{4}' } }, '2024', '20244', 'pattern-constraint'],
  [{ type: 'integer', constraints: { minimum: 5 } }, '5', '4', 'minimum-constraint'],
  [{ type: 'integer', constraints: { maximum: '9007199254740992' } }, '9007199254740992', '9007199254740993', 'maximum-constraint'],
  [{ type: 'number', constraints: { maximum: 1.5 } }, '1.5', 'INF', 'maximum-constraint'],
  [{ type: 'number', constraints: { maximum: 1.5 } }, '1.500', 'NaN', 'maximum-constraint'],
  [{ type: 'number', constraints: { maximum: 'INF' } }, '1e400', 'NaN', 'maximum-constraint'],
  [{ type: 'number', constraints: { maximum: '1e400' } }, '0.9e400', '1.1e400', 'maximum-constraint'],
  [{ type: 'number', constraints: { minimum: '0.1' } }, '0.1000000000000000000001', '0.0999999999999999999999', 'minimum-constraint'],
  [{ type: 'number', constraints: { enum: [1.5] } }, '15e-1', '1.51', 'enumerable-constraint'],
  [{ type: 'number', constraints: { exclusiveMinimum: 0 } }, '0.1', '0', 'minimum-constraint'],
  [{ type: 'number', constraints: { exclusiveMaximum: 1 } }, '0.9', '1', 'maximum-constraint'],
  [{ type: 'date', format: '%d.%m.%Y', constraints: { minimum: '01.02.2020' } }, '01.02.2020', '31.01.2020', 'minimum-constraint'],
  [{ type: 'year', constraints: { maximum: '2000' } }, '2000', '2001', 'maximum-constraint'],
  [{ type: 'string', constraints: { minLength: 2 } }, 'ab', '😀', 'minimum-length-constraint'],
  [{ type: 'array', constraints: { maxLength: 1 } }, '[1]', '[1,2]', 'maximum-length-constraint'],
]

for (const [field, good, bad, code] of constraints) {
  test(`${JSON.stringify(field)} takes ${JSON.stringify(good)} and refuses ${JSON.stringify(bad)}`, () => {
    const tried = column(field)
    assert.notEqual(tried.castText(good), undefined)
    assert.equal(tried.castText(bad), undefined)
    assert.equal(tried.explain(bad).code, code)
  })
}

test('constraint values of a written field have the form of its values', () => {
  const { source } = column({ type: 'date', format: '%d.%m.%Y', constraints: { minimum: '01.02.2020' } }).field
  assert.deepEqual(source['constraints'], { minimum: '2020-02-01' })
  assert.equal(source['format'], '%Y-%m-%d')
})

const refusedFields = [
  { type: 'number', decimalChar: '' },
  { type: 'number', decimalChar: ',', groupChar: ',' },
  { type: 'number', groupChar: '1' },
  { type: 'number', bareNumber: 'no' },
  { type: 'boolean', trueValues: 'yes' },
  { type: 'boolean', trueValues: ['0'] },
  { type: 'list', itemType: 'money' },
  { type: 'list', delimiter: '' },
  { type: 'money' },
  { type: 'date', format: '%Q' },
  { type: 'string', constraints: { minimum: 1 } },
  { type: 'integer', constraints: { minimum: 'abc' } },
  { type: 'date', format: '%d%d %Q' },
  { type: 'string', constraints: { pattern: '(' } },
  { type: 'string', constraints: { pattern: '(?=a)b' } },
  { type: 'string', constraints: { pattern: 5 } },
  { type: 'string', constraints: { minLength: 'two' } },
  { type: 'string', constraints: [] },
]
for (const field of refusedFields) {
  test(`the field ${JSON.stringify(field)} is refused by its name`, () => {
    assert.throws(
      () => column(field),
      (error) => error instanceof UnreadableTable && (/ x( |$)/.test(error.message) || error.message.includes('%Q')),
    )
  })
}

test('missing values become null before anything is cast, trimmed as the cells are', () => {
  const tried = column({ type: 'integer' }, ['NA', ' - '])
  assert.equal(tried.castText('NA'), null)
  assert.equal(tried.castText('-'), null)
  assert.equal(tried.castText(''), undefined)
})

test('NaN and the infinities are written as the texts of the standard, other texts as JSON.stringify writes them', () => {
  const number = column({ type: 'number' })
  assert.equal(writeJson(number, 'NaN'), '"NaN"')
  assert.equal(writeJson(number, '-INF'), '"-INF"')
  assert.equal(writeJson(number, '1.50'), '1.50')
  assert.equal(writeJson(column({ type: 'year' }), '0044'), '44')
  assert.equal(writeJson(column({ type: 'list', itemType: 'integer' }), '1,2'), '[1,2]')
  fc.assert(
    fc.property(fc.string({ unit: fc.nat(0xffff).map((code) => String.fromCharCode(code)) }), (text) => quoteJson(text) === JSON.stringify(text)),
  )
})

test('texts of millions of characters are accepted or refused quickly', () => {
  const size = 4_000_000
  for (const [field, text, fits] of [
    [{ type: 'string', format: 'binary' }, 'A'.repeat(size), true],
    [{ type: 'string', format: 'binary' }, `${'A'.repeat(size)}!`, false],
    [{ type: 'string', format: 'email' }, `a@${'.'.repeat(size)}@`, false],
    [{ type: 'number' }, `${'0'.repeat(size)}x`, false],
    [{ type: 'integer' }, '9'.repeat(size), true],
    [{ type: 'number', groupChar: ',' }, `1${',222'.repeat(size / 4)}x`, false],
    [{ type: 'number', bareNumber: false }, `${'(  '.repeat(size / 3)}1`, false],
    [{ type: 'number', bareNumber: false }, `5${' a-'.repeat(size / 3)}`, false],
    [{ type: 'date', format: 'any' }, '1 '.repeat(size / 2), false],
    [{ type: 'duration' }, `P${'1'.repeat(size)}`, false],
    [{ type: 'array' }, `[${'"\\n",'.repeat(size / 5)}1]`, true],
  ] as const)
    assert.equal(column(field).castText(text) !== undefined, fits, JSON.stringify(field))
  assert.throws(() => column({ type: 'array' }).castText(`${'['.repeat(size)}`), /nests deeper than 1000 levels/)
})

test('whole numbers of any size keep their value', () => {
  const tried = column({ type: 'integer' })
  fc.assert(fc.property(fc.bigInt(), (value) => tried.castText(value.toString()) === value.toString()))
})

test('numbers keep their value, and canonical numbers are JSON', () => {
  const tried = column({ type: 'number' })
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      const canonical = tried.castText(String(value))
      return typeof canonical === 'string' && Object.is(Number(canonical) + 0, value + 0) && JSON.parse(canonical) === Number(canonical)
    }),
  )
})

test('every day of the calendar casts to itself and no other does', () => {
  const tried = column({ type: 'date' })
  const day = fc.tuple(fc.integer({ min: 1, max: 9999 }), fc.integer({ min: 0, max: 13 }), fc.integer({ min: 0, max: 32 }))
  fc.assert(
    fc.property(day, ([year, month, date]) => {
      const text = `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(date).padStart(2, '0')}`
      const parsed = new Date(`${text}T00:00:00Z`)
      const isDay = !Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(text)
      return tried.castText(text) === (isDay ? text : undefined)
    }),
  )
})

test('whatever a cast accepts, the written field accepts unchanged', () => {
  const text = fc.oneof(fc.string(), fc.stringMatching(/^[-+0-9.,eE:TZ /]{0,20}$/))
  for (const type of fieldTypes) {
    const tried = column({ type })
    const written = column(tried.field.source)
    fc.assert(
      fc.property(text, (value) => {
        const canonical = tried.castText(value.trim())
        return typeof canonical !== 'string' || written.castText(canonical) === canonical
      }),
      { numRuns: 300 },
    )
  }
})
