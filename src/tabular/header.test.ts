import assert from 'node:assert/strict'
import { test } from 'node:test'
import { matchFields, parseHeader } from './header.ts'

const fields = [{ name: 'id' }, { name: 'Name' }]
const names = (header: string[], isCaseSensitive: boolean) => {
  const { matched, missing } = matchFields(parseHeader(header, { row: 1, isCaseSensitive }), fields)
  return [matched.map((field) => field?.name), missing.map((field) => field.name)]
}

test('fields are found by their names in any order, with other columns between them', () => {
  assert.deepEqual(names(['Name', 'x', 'id'], true), [['Name', undefined, 'id'], []])
  assert.deepEqual(names(['ID', 'Name'], true), [[undefined, 'Name'], ['id']])
})

test('if case is ignored, an exact match still takes precedence, and a field describes one column', () => {
  assert.deepEqual(names(['ID', 'NAME'], false), [['id', 'Name'], []])
  assert.deepEqual(names(['ID', 'id', 'name'], false), [[undefined, 'id', 'Name'], []])
  assert.deepEqual(names(['ID', 'Id'], false), [['id', undefined], ['Name']])
})

test('columns of the same name are numbered without using existing names', () => {
  const { names, labels, places, width } = parseHeader(['a', '', 'a', 'a_1', 'a', ''], { row: 1, isCaseSensitive: true })
  assert.deepEqual([names, labels, places, width], [['a', 'a_1', 'a_1_1', 'a_2'], ['a', 'a', 'a_1', 'a'], [0, 2, 3, 4], 6])
})
