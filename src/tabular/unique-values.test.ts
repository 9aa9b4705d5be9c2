import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { UniqueValues } from './unique-values.ts'

test('a text is new only the first time', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 3 })), (texts) => {
      const [values, seen] = [new UniqueValues(), new Set<string>()]
      for (const text of texts) {
        assert.equal(values.add(text), !seen.has(text))
        seen.add(text)
      }
    }),
  )
})

test('half a million different texts are all new, and none of them twice', () => {
  const values = new UniqueValues()
  for (let index = 0; index < 500_000; index++) assert.ok(values.add(`row ${index}`))
  for (let index = 0; index < 500_000; index += 997) assert.ok(!values.add(`row ${index}`))
})
