import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { ended, makeScene, untilJob } from '../testing/scene.ts'
import { testType } from '../testing/types.ts'

const scene = await makeScene()
after(scene.close)
await scene.work({ slots: { work: 2 } })

test('results that never end or fit nowhere fail their job with a reason, leave nothing on the disk, and the next job runs', async () => {
  const [endless, huge] = [await scene.submit(testType('endless_bytes')), await scene.submit(testType('large'), 500_000_000)]
  const job = await untilJob(scene.store, endless, ended, 60_000)
  assert.deepEqual([job.state, job.result], ['failed', null])
  assert.match(job.error?.message ?? '', /the result is larger than 268435456 bytes/)
  const other = await untilJob(scene.store, huge, ended, 60_000)
  assert.deepEqual([other.state, other.error?.reason, other.result], ['failed', 'out_of_memory', null])
  assert.equal((await untilJob(scene.store, await scene.submit(testType('double'), 4), ended)).result?.json, '8')
  const work = join(scene.folder, 'files', 'work')
  for (const folder of await readdir(work)) assert.deepEqual(await readdir(join(work, folder)), [])
})
