import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chooseFiles, listTestFiles, usesDatabase } from './test-files.ts'

const files = ['src/a.test.ts', 'src/jobs/claim.test.ts', 'src/jobs/queue/queue.test.ts']

test('test files of all rooms are found, long ones apart', () => {
  const short = listTestFiles({ long: false })
  assert.ok(short.includes('src/store/store.test.ts') && short.includes('scripts/test-files.test.ts'))
  assert.ok(short.every((file) => !file.endsWith('.long.test.ts')))
  assert.ok(listTestFiles({ long: true }).every((file) => file.endsWith('.long.test.ts')))
})

test('an argument chooses files by any part of their path, in the order of the list', () => {
  assert.deepEqual(chooseFiles(files, []), files)
  assert.deepEqual(chooseFiles(files, ['queue', 'src/a']), ['src/a.test.ts', 'src/jobs/queue/queue.test.ts'])
  assert.deepEqual(chooseFiles(files, ['jobs/']), ['src/jobs/claim.test.ts', 'src/jobs/queue/queue.test.ts'])
})

test('an argument that names no test file is refused', () => {
  assert.throws(() => chooseFiles(files, ['src/a', 'nothing']), /no test file matches nothing/)
})

test('files that import the harness of the store, and only those, run on every database', () => {
  assert.equal(usesDatabase('src/store/store.test.ts'), true)
  assert.equal(usesDatabase('scripts/launch.test.ts'), false)
  assert.equal(usesDatabase('scripts/test-files.test.ts'), false)
})
