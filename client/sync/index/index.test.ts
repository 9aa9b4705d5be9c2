import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { CkanDataset } from '../../index.ts'
import { parseSyncOptions, type SyncOptions } from '../options.ts'
import { mergeDataset } from '../steps/merge.ts'
import { CatalogueIndex } from './catalogue-index.ts'
import { GroupSets } from './group-sets.ts'
import { hashText, randomSeed } from './hash.ts'
import { FLAG, RecordTable } from './record-table.ts'

test('a table finds each of many entries, and gives back what was put into it', () => {
  const table = new RecordTable()
  const seed = randomSeed()
  const ids = Array.from({ length: 20_000 }, (_, at) => (at % 100 === 0 ? `Strange-${at}` : randomUUID()))
  for (const [at, id] of ids.entries()) {
    const entry = table.add(hashText(`https://x.example/${at}`, seed))
    table.setId(entry, id)
    table.setGroups(entry, at)
    table.setFingerprint(entry, { base: { lo: at, hi: 2 ** 32 - 1 - at }, format: 1, mimetype: 2, other: at })
    if (at % 3 === 0) table.set(entry, FLAG.present)
  }
  assert.equal(table.size, ids.length)
  for (const [at, id] of ids.entries()) {
    const entry = table.find(hashText(`https://x.example/${at}`, seed)) ?? assert.fail(`${at} is there`)
    assert.deepEqual(
      [table.idOf(entry), table.groupsOf(entry), table.has(entry, FLAG.present), table.has(entry, FLAG.stored)],
      [id, at, at % 3 === 0, false],
    )
    assert.deepEqual(table.fingerprintOf(entry), { base: { lo: at, hi: 2 ** 32 - 1 - at }, format: 1, mimetype: 2, other: at })
  }
  assert.equal(table.find(hashText('https://x.example/nothing', seed)), undefined)
})

test('hashes of texts that differ in little do not meet, and depend on the seed', () => {
  const seed = randomSeed()
  const texts = Array.from({ length: 50_000 }, (_, at) => [`${at}`, `id-${at}`, `${at}-id`, '\0'.repeat(at % 97) + at]).flat()
  const hashes = new Set([...new Set(texts)].map((text) => Object.values(hashText(text, seed)).join()))
  assert.equal(hashes.size, new Set(texts).size)
  for (const word of ['lo', 'hi'] as const)
    assert.ok(new Set([...new Set(texts)].map((text) => hashText(text, seed)[word])).size > hashes.size * 0.999)
  assert.notDeepEqual(hashText('x', seed), hashText('x', { lo: seed.lo ^ 1, hi: seed.hi }))
})

test('equal sets of groups have one number, and an unknown set holds nothing', () => {
  const sets = new GroupSets()
  const number = sets.numberOf(['b', 'a'])
  assert.equal(sets.numberOf(['a', 'b']), number)
  assert.ok(sets.holds(number, ['a']) && sets.holds(number, []) && !sets.holds(number, ['c']))
  const far = Array.from({ length: 150_000 }, (_, at) => sets.numberOf([`g-${at}`])).at(-1)
  assert.equal(far, 0)
  assert.equal(sets.holds(0, []), false)
  assert.ok(sets.holds(number, ['a', 'b']))
})

const small = (...values: unknown[]) => fc.constantFrom(...values)
const dataset = fc.record(
  {
    name: small('a', 'b'),
    title: small('a', 'b', '', null),
    notes: small('', 'n'),
    owner_org: small(null, 'o', 'p'),
    private: fc.boolean(),
    groups: fc.subarray(['g', 'h']),
    tags: fc.subarray(['t', 'u']),
    extras: fc.dictionary(small('x', 'y') as fc.Arbitrary<string>, small('', '1', 1, null), { maxKeys: 2, noNullPrototype: true }),
    frequency: small('daily', '', { b: 1, a: [2] }),
    resources: fc.array(
      fc.record({
        url: small('u', 'v'),
        format: small('', 'CSV'),
        mimetype: small(null, 'text/csv'),
        name: small('', 'n'),
        quality: small('', 'good'),
      }),
      { maxLength: 2 },
    ),
  },
  { requiredKeys: ['name'], noNullPrototype: true },
)

const settingsOf = fc.record({
  datasetPreserveNames: fc.boolean(),
  datasetPreserveOrganization: fc.boolean(),
  datasetGroupMergeStrategy: small('add', 'replace', 'preserve'),
  keepFields: fc.subarray(['extras', 'title', 'resources', 'frequency', 'groups']),
}) as fc.Arbitrary<SyncOptions>

test('what the index calls unchanged is what an update would not change', () => {
  let unchanged = 0
  const property = fc.property(dataset, dataset, settingsOf, fc.boolean(), (given, other, options, isSame) => {
    const { settings } = parseSyncOptions(options)
    const source = new CkanDataset(given)
    const stored = new CkanDataset({ ...(isSame ? { ...given, ...other, ...given } : other), id: randomUUID() })
    const index = new CatalogueIndex(settings)
    index.addStored({ id: String(stored.id), sourceId: '1', record: stored.toJSON() })
    if (!index.isUnchanged(index.entryOf('1'), source)) return
    unchanged++
    assert.deepEqual(mergeDataset(source, stored, settings).diff(stored, { ignoreFilled: true }), [])
  })
  fc.assert(property, { numRuns: 3000 })
  assert.ok(unchanged > 300, `${unchanged} were unchanged`)
})
