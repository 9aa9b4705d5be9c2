import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../main.ts', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'millrace-own-jobs-'))
after(() => rmSync(folder, { recursive: true }))
mkdirSync(join(folder, 'test'))

writeFileSync(
  join(folder, 'double.ts'),
  `import { defineJob } from 'millrace/jobs'
export const double = defineJob({ name: 'double', mode: 'sync', run: (ctx) => Number(ctx.data) * 2 })`,
)
const writeTest = (name: string, expected: number) =>
  writeFileSync(
    join(folder, 'test', name),
    `import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testJob } from 'millrace/jobs'
import { double } from '../double.ts'
test('doubles', async () => assert.equal((await testJob(double, { data: 21 })).data, ${expected}))`,
  )

/** Runs it as from a shell, not as a part of this test run. */
function millrace(...words: string[]) {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  return spawnSync(process.execPath, [main, ...words], { cwd: folder, env, encoding: 'utf8' })
}

test('functions are tested in their own folder, without installed packages', () => {
  writeTest('good.test.ts', 42)
  writeTest('bad.test.ts', 43)
  const good = millrace('test', 'test/good.test.ts')
  assert.equal(good.status, 0, good.stdout + good.stderr)
  const bad = millrace('test', join(folder, 'test', 'bad.test.ts'))
  assert.equal(bad.status, 1)
  assert.match(bad.stdout, /42 !== 43/)
})

test('without a file the error asks for test files', () => {
  const { status, stderr } = millrace('test')
  assert.equal(status, 1)
  assert.match(stderr, /name at least one test file\nusage: millrace test FILE/)
})
