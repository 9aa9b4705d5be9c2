import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { buildManifest } from '../../../test/job-types.ts'
import { ShellExecutor } from '../../executors/testing/shell-executor.ts'
import { defaultConfiguration } from '../../job-types/configuration.ts'
import { readJson } from '../body.ts'
import { ended, makeScene, quickExecutor, untilJob } from '../testing/scene.ts'
import { testType } from '../testing/types.ts'

const scene = await makeScene()
after(scene.close)

const doubles = testType('double')
const shellDoubles = testType('double', {
  name: 'shell_double',
  kind: 'container',
  program: {
    kind: 'process',
    command: 'read -r number; echo "doubled" >&2; echo $((number * 2))',
    manifest: buildManifest(),
    configuration: defaultConfiguration,
  },
  retry: { ...doubles.retry, maxAttempts: 1 },
})
const list = [doubles, shellDoubles]

test('each job is run by the executor for the kind of its program', async () => {
  const runner = await scene.work({ list, executors: { function: quickExecutor(), process: new ShellExecutor() } })
  for (const type of list) {
    const job = await untilJob(scene.store, await scene.submit(type, 21), ended)
    const value = job.result && JSON.parse(await readJson(scene.files, job.result))
    assert.deepEqual([job.kind, job.state, value], [type.kind, 'done', 42])
  }
  await runner.stop({ graceMs: 0 })
})

test('a job whose program has no executor here fails, and says so', async () => {
  const runner = await scene.work({ list, executors: { function: quickExecutor() } })
  const job = await untilJob(scene.store, await scene.submit(shellDoubles, 21), ended)
  assert.deepEqual([job.state, job.error?.reason], ['failed', 'not_started'])
  assert.match(job.error?.message ?? '', /No executor of this process runs shell_double/)
  await runner.stop({ graceMs: 0 })
})
