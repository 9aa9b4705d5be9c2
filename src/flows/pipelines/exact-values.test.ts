import assert from 'node:assert/strict'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { buildSourceFile, failingLines, runTask, temporaryFolder } from '../../../test/pipeline-task.ts'
import { compareNumbers } from '../../tabular/cast/decimal.ts'
import { JsonArrayScanner } from '../../tabular/json/scanner.ts'
import type { JsonObject } from './task.ts'

let count = 0
const home = await temporaryFolder()

/** Writes a file with one column `v`. Returns the lines of its CSV output and the texts of its JSON rows, without the braces. */
async function publish(content: string, extension: 'csv' | 'json', field: JsonObject): Promise<{ csv: readonly string[]; json: readonly string[] }> {
  const { folder, source } = await prepare(content, extension, field)
  const written = async (kind: 'csv' | 'json') => {
    const [file] = (await runTask(folder, { kind, artifact: `v_${kind}`, sources: [source] })).files
    return readFile(file?.localPath ?? '', 'utf8')
  }
  const csv = (await written('csv')).trimEnd().split('\r\n').slice(1)
  const json = (await written('json')).split('\n').slice(1, -2)
  return { csv, json: json.map((line) => line.replace(/,$/, '').slice('{"v":'.length, -1)) }
}

async function prepare(content: string, extension: string, field: JsonObject) {
  const folder = join(home, String(count++))
  await mkdir(folder)
  const source = await buildSourceFile(content, { folder, name: `v.${extension}`, schema: { fields: [{ name: 'v', ...field }] } })
  return { folder, source }
}

const digits = fc.stringMatching(/^\d{1,40}$/)
const decimal = fc
  .tuple(fc.constantFrom('', '-'), digits, fc.option(digits), fc.option(fc.integer({ min: -400, max: 400 })))
  .map(([sign, whole, fraction, power]) => {
    const digitsOfWhole = whole.replace(/^0+(?=\d)/, '')
    return `${sign}${digitsOfWhole}${fraction === null ? '' : `.${fraction}`}${power === null ? '' : `e${power}`}`
  })

test('a number from CSV or JSON keeps its value in CSV and JSON', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(decimal, { minLength: 1, maxLength: 30 }), async (texts) => {
      const fromCsv = await publish(`v\n${texts.join('\n')}\n`, 'csv', { type: 'number' })
      const fromJson = await publish(`[${texts.map((text) => `{"v":${text}}`).join(', ')}]`, 'json', { type: 'number' })
      for (const { csv, json } of [fromCsv, fromJson]) {
        texts.forEach((text, at) => {
          assert.equal(csv[at], text)
          assert.equal(json[at], text)
        })
        assert.equal(new JsonArrayScanner().read(`[${json.join()}]`, true).length, texts.length, 'the numbers are JSON')
      }
    }),
    { numRuns: 25 },
  )
})

test('a number in another spelling keeps its value, or is a fault', async () => {
  const spelled = fc.tuple(
    decimal.filter((text) => !text.includes('e')),
    fc.constantFrom('€', '%', ' USD', ' kg'),
    fc.constantFrom('before', 'accounting', 'behind'),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(spelled, { minLength: 1, maxLength: 30 }), async (items) => {
      const cells = items.map(([text, unit, place]) => {
        const bare = text.replace('-', '').replace('.', ',')
        if (!text.startsWith('-')) return bare + unit
        return place === 'before' ? `−${bare}${unit}` : place === 'behind' ? `${bare}-${unit.startsWith(' ') ? unit : ''}` : `(${bare}${unit})`
      })
      const field = { type: 'number', bareNumber: false, decimalChar: ',' }
      const { csv } = await publish(`v\n${cells.map((cell) => `"${cell}"`).join('\n')}\n`, 'csv', field)
      items.forEach(([text], at) => {
        assert.equal(compareNumbers(csv[at] ?? '', text), 0, `${cells[at]} came out as ${csv[at]}`)
      })
    }),
    { numRuns: 25 },
  )
})

const anyDate = { type: 'date', format: 'any' }

test('dates are read in the order that the whole column shows, wherever the unambiguous value is', async () => {
  for (const [cells, expected] of [
    [
      ['01.02.2023', '05/06/2023', '31.12.2024'],
      ['2023-02-01', '2023-06-05', '2024-12-31'],
    ],
    [
      ['12/31/2024', '01/02/2023', '2020-03-04', '5 May 2020'],
      ['2024-12-31', '2023-01-02', '2020-03-04', '2020-05-05'],
    ],
    [
      ['05.05.2023', '06-06-2023'],
      ['2023-05-05', '2023-06-06'],
    ],
  ] as const) {
    assert.deepEqual((await publish(`v\n${cells.join('\n')}\n`, 'csv', anyDate)).csv, expected)
    assert.deepEqual((await publish(JSON.stringify(cells.map((v) => ({ v }))), 'json', anyDate)).csv, expected)
  }
  const times = await publish('v\n01.02.2023 10:00\n31.12.2024 11:00:00.5\n', 'csv', { type: 'datetime', format: 'any' })
  assert.deepEqual(times.csv, ['2023-02-01 10:00:00.000000', '2024-12-31 11:00:00.500000'])
  const clock = await publish('v\n10:00\n11:00:00.000001\n', 'csv', { type: 'time', format: 'any' })
  assert.deepEqual(clock.csv, ['10:00:00.000000', '11:00:00.000001'])
})

for (const [what, cells, expected] of [
  [
    'does not say',
    ['01.02.2023', '05.05.2023'],
    [/row 2, column v: "01.02.2023" is 2023-02-01 with the day first and 2023-01-02 with the month first/],
  ],
  ['has both', ['12/31/2024', '31/12/2024', '01/02/2023'], [/row 2.*some dates have the day first and others the month/, /row 3/, /row 4/]],
  ['has short years', ['01.02.23'], [/row 2.*year of two digits/]],
] as const) {
  test(`a column of dates that ${what} fails with the reason`, async () => {
    const { folder, source } = await prepare(`v\n${cells.join('\n')}\n`, 'csv', anyDate)
    const lines = await failingLines(folder, { kind: 'csv', artifact: 'v_csv', sources: [source] })
    assert.equal(lines.length, expected.length)
    for (const [at, wanted] of expected.entries()) assert.match(lines[at] ?? '', wanted)
  })
}

test('values that a JSON row would lose fail the table', async () => {
  const { folder, source } = await prepare('[{"v":1},{"v":1,"v":2},{"v":3,"w":4},{"v":3,"w":5},{"v":3,"x":null}]', 'json', { type: 'integer' })
  assert.deepEqual(await failingLines(folder, { kind: 'json', artifact: 'v_json', sources: [source] }), [
    'v: v.json row 3, column v: is a key that the row has twice',
    'v: v.json row 4, column w: is a key that neither the first row nor the schema has',
  ])
})

test('numbers inside objects keep their digits, and unique numbers are compared by value', async () => {
  const nested = '{"a":[12345678901234567890,1.10,1e400],"b":"x y"}'
  assert.deepEqual((await publish(`[{"v": ${nested.replaceAll(',', ', ')}}]`, 'json', { type: 'object' })).json, [nested])
  const { folder, source } = await prepare('v\n1\n1.0\n9007199254740992\n9007199254740993\n', 'csv', {
    type: 'number',
    constraints: { unique: true },
  })
  const lines = await failingLines(folder, { kind: 'csv', artifact: 'v_csv', sources: [source] })
  assert.deepEqual(lines, ['v: v.csv row 3, column v: "1.0" is a duplicate, and the column is unique'])
})

test('NaN and the infinite numbers are kept', async () => {
  const { csv, json } = await publish('v\nnan\nINF\n-inf\n', 'csv', { type: 'number' })
  assert.deepEqual(
    [csv, json],
    [
      ['NaN', 'INF', '-INF'],
      ['"NaN"', '"INF"', '"-INF"'],
    ],
  )
})

test('missing values of a field take precedence over those of the schema', async () => {
  const { csv } = await publish('v\n-\n1\n', 'csv', { type: 'integer', missingValues: ['-'] })
  assert.deepEqual(csv, ['""', '1'])
})
