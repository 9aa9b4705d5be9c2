import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { withWrite } from '../../../test/with-write.ts'
import { unavailable } from '../../base/errors.ts'
import type { Store } from '../../store/store.ts'
import { inlineBody } from '../body.ts'
import { CallbackSender } from '../callbacks/sender.ts'
import type { Outcome } from '../job.ts'
import { findJobById, listLog } from '../job-store.ts'
import { makeSettlement, settleJob } from '../queue/settle.ts'
import type { RunnableType } from '../runnable-type.ts'
import { startReceiver } from '../testing/receiver.ts'
import { ended, makeScene, untilJob } from '../testing/scene.ts'
import { testType } from '../testing/types.ts'

// The database commits, and the connection breaks before it can say so: whoever wrote cannot know what became of it.

const scene = await makeScene()
after(scene.close)

/** A store that loses the first answer to a write of which `isMeant` is true. */
function losingOne(isMeant: (value: unknown) => boolean): { store: Store; lost: () => number } {
  const { store } = scene
  let lost = 0
  const write: Store['write'] = async (run, options) => {
    const value = await store.write(run, options)
    if (lost > 0 || !isMeant(value)) return value
    lost++
    throw unavailable('the database does not answer: Connection terminated unexpectedly')
  }
  return { store: withWrite(store, write), lost: () => lost }
}

/** Whether a write has claimed something. */
const isClaim = (value: unknown) => Array.isArray(value) && value.flat().some((one) => typeof one === 'object' && one !== null && 'claim' in one)

test('a claim whose commit was not answered is given back at once, uncounted, and the job runs', async () => {
  const { store, lost } = losingOne(isClaim)
  const id = await scene.submit(testType('double'), 21)
  const runner = await scene.work({ store, slots: { work: 2 }, timing: { leaseMs: 600_000 } })
  const job = await untilJob(scene.store, id, ended)
  await runner.stop({ graceMs: 0 })
  assert.deepEqual([lost(), job.state, job.result?.json, job.attempts], [1, 'done', '42', 1])
  assert.deepEqual(await listLog(scene.store.db, job.seq), [])
})

test('a result whose commit was not answered stands: it is not stored twice, and the job is not run again', async () => {
  let hasRun = false
  const { store, lost } = losingOne((value) => hasRun && Array.isArray(value))
  const adopt: NonNullable<RunnableType['adopt']> = async (_scene, value) => {
    hasRun = true
    return value
  }
  const type = testType('double', { name: 'adopted', adopt })
  const id = await scene.submit(type, 4)
  const runner = await scene.work({ store, list: [type], slots: { work: 1 }, timing: { leaseMs: 600_000, tickMs: 600_000 } })
  const job = await untilJob(scene.store, id, ended)
  await runner.stop({ graceMs: 0 })
  assert.deepEqual([lost(), job.state, job.result?.json, job.attempts], [1, 'done', '8', 1])
  assert.deepEqual(await untilJob(scene.store, id, () => true), job)
})

test('callbacks whose claim was not answered are posted all the same', async () => {
  const receiver = await startReceiver()
  const done: Outcome = { state: 'done', result: { ...inlineBody(42), type: null } }
  const id = await scene.submit(testType('double'), 21, { resultUrl: receiver.url, delayMs: 3_600_000 })
  const job = await findJobById(scene.store.db, id)
  assert.ok(job)
  const settlement = makeSettlement({ job: { ...job, claim: null }, type: undefined, outcome: done, lines: [] })
  await scene.store.write((write) => settleJob(write, settlement))
  const { store, lost } = losingOne(isClaim)
  const policy = { allowPrivateAddresses: true, sslVerify: true }
  const sender = new CallbackSender({ ...scene, store, policy, timeoutMs: 60_000, secrets: [], slots: 2, present: async () => ({ job_id: id }) })
  await sender.start()
  assert.equal((await receiver.request(1)).body['job_id'], id)
  await sender.stop({ graceMs: 10_000 })
  receiver.close()
  assert.equal(lost(), 1)
})
