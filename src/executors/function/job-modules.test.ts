import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { builtinTypes } from '../../jobs/functions/builtin/types.ts'
import { loadJobModules } from './job-modules.ts'

const folders: string[] = []
after(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))))

/** A folder with these files and nothing else: no package.json, no node_modules. */
async function makeFolder(files: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-modules-'))
  folders.push(folder)
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  return folder
}

const load = async (files: Record<string, string>) => loadJobModules(await makeFolder(files), builtinTypes)
const one = (name: string, rest = '') =>
  `import { defineJob } from 'millrace/jobs'\nexport const job = defineJob({ name: '${name}', mode: 'async', ${rest} run: () => 1 })\n`

test('every file directly in the folder is a module, in TypeScript and JavaScript, and everything that defineJob made in it is a type', async () => {
  const types = await load({
    'b.ts': `${one('b', 'concurrency: 2, title: "B",')}export const two = defineJob({ name: 'b2', mode: 'sync', run: (ctx: { data: unknown }) => ctx.data })\nexport const other = 5`,
    'a.mjs': one('a', 'retryable: false,'),
    'c.js': `${one('c')}export default job`,
    'notes.md': 'no module',
    'c.test.ts': 'throw new Error("a test is no module")',
    'd.d.ts': 'export declare const job: number',
  })
  assert.deepEqual(
    types.map(({ name, program, mode, title, concurrency, retry, isPublic }) => [
      name,
      program.kind === 'function' && program.exportName,
      mode,
      title,
      concurrency,
      retry.maxAttempts,
      isPublic,
    ]),
    [
      ['a', 'job', 'async', undefined, undefined, 1, true],
      ['b', 'job', 'async', 'B', 2, 3, true],
      ['b2', 'two', 'sync', undefined, undefined, 1, true],
      ['c', 'default', 'async', undefined, undefined, 3, true],
    ],
  )
})

test('a folder without modules has no types', async () => assert.deepEqual(await load({ 'README.md': '' }), []))

const unusable: Record<string, [Record<string, string>, RegExp]> = {
  'that throws': [{ 'bad.ts': 'throw new TypeError("no such thing")' }, /job module \S+bad\.ts cannot be imported: TypeError: no such thing$/],
  'that cannot be parsed': [{ 'bad.ts': 'export const = 1' }, /job module \S+bad\.ts cannot be imported: SyntaxError/],
  'with a bad option': [{ 'bad.ts': one('a b') }, /bad\.ts cannot be imported: Error: "a b" cannot name a job type/],
  'with a bad schedule': [
    { 'bad.ts': one('a', "schedule: 'every 5s',") },
    /job module \S+bad\.ts cannot be used: job type a: Schedule may not be shorter/,
  ],
  'whose import is not found': [{ 'bad.ts': 'import "no-such-package"' }, /bad\.ts cannot be imported: Error: Cannot find package 'no-such-package'/],
  'that ends its process': [
    { 'a.ts': one('a'), 'bad.ts': 'process.exit(3)' },
    /bad\.ts cannot be imported: it ended the process that imported it, with exit code 3$/,
  ],
  'that rejects later': [{ 'bad.ts': 'Promise.reject(new Error("late")); await new Promise(() => {})' }, /bad\.ts cannot be imported: .*late/],
  'with a name of the hub': [
    { 'mine.ts': one('echo') },
    /two job types have the name echo: one of the hub itself, one of mine\.ts \(job\); rename one of them$/,
  ],
  'with a name of another': [{ 'a.ts': one('x'), 'b.ts': one('x') }, /two job types have the name x: one of a\.ts \(job\), one of b\.ts \(job\)/],
}
for (const [what, [files, message]] of Object.entries(unusable)) {
  test(`a module ${what} is refused in one line`, async () => {
    await assert.rejects(load(files), (error: Error) => {
      assert.match(error.message, message)
      assert.doesNotMatch(error.message, /\n/)
      return true
    })
  })
}

test('a folder that is not there is refused with the setting to mend', async () => {
  await assert.rejects(loadJobModules('/no/such/folder', []), /folder of job modules \/no\/such\/folder cannot be read: .*Set MILLRACE_JOBS/)
})
