import assert from 'node:assert/strict'
import { globSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { cupboards, rooms } from '../scripts/arrows.ts'
import { root } from '../scripts/test-files.ts'

const read = (path: string) => readFileSync(join(root, path), 'utf8')
const foldersOf = (path: string) => readdirSync(join(root, path), { withFileTypes: true }).flatMap((one) => (one.isDirectory() ? [one.name] : []))
const sources = globSync('src/**/*.{ts,sql}', { cwd: root })

/** Numbered migrations are a list that only grows. */
const unbounded = ['src/store/migrations']

test('a folder holds at most 15 files, and 22 with their tests', () => {
  const full = [...Map.groupBy(sources, dirname)].flatMap(([folder, files]) => {
    const tests = files.filter((file) => file.endsWith('.test.ts')).length
    const isFull = files.length - tests > 15 || files.length > 22
    return isFull && !unbounded.includes(folder) ? [`${folder}: ${files.length - tests} and ${tests} tests`] : []
  })
  assert.deepEqual(full, [], 'give the folder cupboards')
})

test('every room and every cupboard says what it may import', () => {
  assert.deepEqual(foldersOf('src').sort(), Object.keys(rooms).sort())
  for (const room of Object.keys(rooms)) {
    const found = foldersOf(`src/${room}`).filter((name) => name !== 'testing')
    assert.deepEqual(found.sort(), Object.keys(cupboards[room] ?? {}).sort(), `cupboards of ${room}`)
  }
})

test('the architecture page has the arrows that the linter holds', () => {
  const rows = [...read('docs/explanation/architecture.md').matchAll(/^\| `([a-z/-]+)` \| [^|]+ \| ([^|]+) \|$/gm)]
  const shown = new Map(rows.map(([, name = '', imports = '']) => [name, imports]))
  const wanted = new Map<string, string>()
  for (const [room, imports] of Object.entries(rooms)) wanted.set(room, imports.join(', ') || 'no other room')
  for (const [room, own] of Object.entries(cupboards))
    for (const [name, { imports, isClosed }] of Object.entries(own))
      wanted.set(`${room}/${name}`, `${imports.join(', ') || 'none'}${isClosed ? '; closed to other rooms' : ''}`)
  assert.deepEqual(Object.fromEntries(shown), Object.fromEntries(wanted))
})

/** Where statements may be written. */
const isSqlPlace = (file: string) => /^src\/store\/|(?:^|[/-])store\.ts$|^src\/catalogue\/search\/(?:sql|memory)\/|\.test\.ts$|\/testing\//.test(file)

test('SQL is written in its places only', () => {
  const queries = /from 'kysely'|\bsql`|\.(?:selectFrom|insertInto|updateTable|deleteFrom|executeQuery)\(/
  assert.deepEqual(
    sources.filter((file) => file.endsWith('.ts') && !isSqlPlace(file) && queries.test(read(file))),
    [],
  )
})

test('base imports no room, and context.ts types only', () => {
  for (const file of globSync('src/base/*.ts', { cwd: root }).filter((one) => !one.endsWith('.test.ts'))) {
    const others = [...read(file).matchAll(/from '(\.\.\/[^']+)'/g)].map(([, target]) => target)
    assert.deepEqual(others, [], file)
  }
  assert.ok(statSync(join(root, 'src/context.ts')).isFile())
  assert.doesNotMatch(read('src/context.ts'), /^import (?!type )/m)
})
