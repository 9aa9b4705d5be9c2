import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { buildManifest } from '../../test/job-types.ts'
import { ShellExecutor } from '../executors/testing/shell-executor.ts'
import { editJobType, type JobTypeChanges, registerJobType } from '../job-types/edit.ts'
import { readJson } from './body.ts'
import { ended, makeScene, quickExecutor, untilJob } from './testing/scene.ts'
import { testType, testTypes } from './testing/types.ts'
import { findRunnableType, parseTypeRef, TypeRegistry } from './type-registry.ts'

const scene = await makeScene()
after(scene.close)
const { store } = scene
const ctx = { ...scene, actor: { kind: 'user', id: 'u', name: 'admin', sysadmin: true } as const, clock: Date.now }

const types = new TypeRegistry(testTypes, ['function', 'process'])
const register = (jobVersion: string, image: string, changes: JobTypeChanges = {}) =>
  registerJobType(ctx, { ...changes, dockerImage: image, manifest: buildManifest({ name: 'shell', jobVersion }) })
const find = async (text: string, among = types) => {
  const ref = parseTypeRef(text)
  const type = ref && (await findRunnableType(store.db, among, ref))
  const what = type?.program.kind === 'process' ? type.program.command : type?.program.kind
  return type && [type.name, type.revisionNum, what]
}

await register('1.0.0', 'process:echo 1')
await register('1.0.0', 'process:echo 2')
await register('1.10.0', 'process:echo 10', { maxScheduled: 3, configuration: { priority: 7 } })
await register('1.9.0', 'process:echo 9')
await register('2.0.0', 'process:echo 20', { isActive: false })

test('a type is found in memory, then in the database: the highest active version, its newest revision', async () => {
  assert.deepEqual(await find('double'), ['double', 1, 'function'])
  assert.deepEqual(await find('double:1.0.0:1'), ['double', 1, 'function'])
  assert.deepEqual(await find('shell'), ['shell:1.10.0', 1, 'echo 10'])
  assert.deepEqual(await find('shell:1.0.0'), ['shell:1.0.0', 2, 'echo 2'])
  assert.deepEqual(await find('shell:1.0.0:1'), ['shell:1.0.0', 1, 'echo 1'])
  assert.deepEqual(await find('shell:2.0.0'), ['shell:2.0.0', 1, 'echo 20'])
})

test('a registered type has the limits of its version and its manifest', async () => {
  const type = await findRunnableType(store.db, types, { name: 'shell' })
  assert.ok(type)
  const { kind, mode, isPublic, priority, concurrency, timeoutMs, retry } = type
  assert.deepEqual({ kind, mode, isPublic, priority, concurrency, timeoutMs, maxAttempts: retry.maxAttempts }, {
    kind: 'container', mode: 'async', isPublic: false, priority: 7, concurrency: 3, timeoutMs: 60_000, maxAttempts: 3,
  }) // biome-ignore format: a table
})

test('what does not exist is not found, nor what no executor here can run', async () => {
  for (const text of ['none', 'double:2.0.0', 'double:1.0.0:2', 'shell:3.0.0', 'shell:1.0.0:3', 'shell:', ':1', 'shell:1.0.0:0', 'shell:1.0.0:1:1'])
    assert.equal(await find(text), undefined, text)
  for (const text of ['a\0b', 'a\ud800', 'x'.repeat(1000)]) assert.equal(parseTypeRef(text), undefined)
  assert.equal(await find('shell', new TypeRegistry(testTypes)), undefined)
})

test('a job runs the revision that it was submitted under, also when there is a newer one by then', async () => {
  const type = await findRunnableType(store.db, types, { name: 'shell', version: '1.0.0' })
  assert.ok(type)
  const id = await scene.submit(type)
  await register('1.0.0', 'process:echo 3')
  const newer = await findRunnableType(store.db, types, { name: 'shell', version: '1.0.0' })
  assert.ok(newer)
  const later = await scene.submit(newer)
  const executors = { function: quickExecutor(), process: new ShellExecutor() }
  const runner = await scene.work({ executors, types })
  const results = []
  for (const one of [id, later]) {
    const job = await untilJob(store, one, ended)
    results.push([job.type, job.revisionNum, job.state, job.result && JSON.parse(await readJson(scene.files, job.result))])
  }
  await runner.stop({ graceMs: 0 })
  assert.deepEqual(results, [['shell:1.0.0', 2, 'done', 2], ['shell:1.0.0', 3, 'done', 3]]) // biome-ignore format: a table
})

test('a job of a registered type waits while its version is paused', async () => {
  const ref = { name: 'shell', version: '1.9.0' }
  const type = await findRunnableType(store.db, types, ref)
  assert.ok(type)
  await editJobType(ctx, ref, { isPaused: true })
  const id = await scene.submit(type)
  const runner = await scene.work({ executors: { function: quickExecutor(), process: new ShellExecutor() }, types })
  const other = await untilJob(store, await scene.submit(testType('double'), 1), ended)
  assert.deepEqual([other.state, (await untilJob(store, id, () => true)).state], ['done', 'queued'])
  await editJobType(ctx, ref, { isPaused: false })
  assert.equal((await untilJob(store, id, ended)).state, 'done')
  await runner.stop({ graceMs: 0 })
})
