import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, test } from 'node:test'
import { buildManifest } from '../../test/job-types.ts'
import { freshStore } from '../../test/store.ts'
import { openVault } from '../auth/secret.ts'
import type { Actor } from '../context.ts'
import { editJobType, registerJobType } from '../job-types/edit.ts'
import { showJobType } from '../job-types/job-type.ts'
import { defaultRetry } from './backoff.ts'
import type { RunnableType } from './runnable-type.ts'
import { enqueueJob } from './submit/enqueue.ts'
import { saveTypeRows } from './system-types.ts'
import { testType } from './testing/types.ts'

const { store, drop } = await freshStore()
after(drop)

const actor: Actor = { kind: 'user', id: 'u', name: 'admin', sysadmin: true }
const ctx = { store, actor, clock: Date.now, vault: openVault('a secret of at least sixteen characters') }

const type = (name: string, kind: RunnableType['kind'], changes: Partial<RunnableType> = {}) =>
  testType('double', { name, kind, retry: { ...defaultRetry, maxAttempts: 2 }, ...changes })

const lanesOf = async (name: string) => {
  const rows = await store.db.selectFrom('job').select('lane').where('type', '=', name).execute()
  return [...new Set(rows.map(({ lane }) => lane))]
}

test("the engine's types are rows of the registry", async () => {
  await saveTypeRows(ctx, [type('listed', 'function'), type('piped', 'pipeline'), type('limited', 'pipeline', { concurrency: 3 })])
  const { kind, isSystem, maxTries, priority, title } = await showJobType(ctx, { name: 'listed', version: '1.0.0' })
  assert.deepEqual([kind, isSystem, maxTries, priority, title], ['function', true, 2, 50, 'listed'])
  assert.equal((await showJobType(ctx, { name: 'limited', version: '1.0.0' })).maxScheduled, 3)
})

test('a pause moves the waiting jobs of the type in the same write, whoever makes it, and so does its end', async () => {
  const paused = type('paused', 'function')
  await saveTypeRows(ctx, [paused])
  for (let at = 0; at < 5; at++) await store.write((write) => enqueueJob(write, paused, { id: randomUUID() }))
  await editJobType(ctx, { name: 'paused', version: '1.0.0' }, { isPaused: true })
  assert.deepEqual(await lanesOf('paused'), ['held'])
  await store.write((write) => enqueueJob(write, paused, { id: randomUUID() }))
  assert.deepEqual(await lanesOf('paused'), ['held'], 'so is the lane of a job that comes later')
  await editJobType(ctx, { name: 'paused', version: '1.0.0' }, { isPaused: false })
  assert.deepEqual(await lanesOf('paused'), ['free'])
})

test('each version of a registered type has a limit of its own', async () => {
  const [one, two] = [type('words:1.0.0', 'container'), type('words:2.0.0', 'container')]
  await registerJobType(ctx, { dockerImage: 'x', manifest: buildManifest({ name: 'words' }), maxScheduled: 1 })
  await registerJobType(ctx, { dockerImage: 'x', manifest: buildManifest({ name: 'words', jobVersion: '2.0.0' }) })
  for (const each of [one, two]) await store.write((write) => enqueueJob(write, each, { id: randomUUID() }))
  assert.deepEqual([await lanesOf(one.name), await lanesOf(two.name)], [['limited'], ['free']])
  await editJobType(ctx, { name: 'words', version: '1.0.0' }, { maxScheduled: 0 })
  assert.deepEqual(await lanesOf(one.name), ['free'])
})
