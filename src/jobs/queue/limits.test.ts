import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { DomainError } from '../../base/errors.ts'
import { makeScene } from '../testing/scene.ts'
import { testType } from '../testing/types.ts'
import { QueueLimits } from './limits.ts'

const scene = await makeScene()
after(() => scene.close())
const [double, large] = [testType('double'), testType('large')]

const refusal = (message: RegExp) => (error: unknown) => error instanceof DomainError && error.code === 'unavailable' && message.test(error.message)

test('too many waiting jobs of a type refuse that type, too many in all refuse every one', async () => {
  for (let no = 0; no < 4; no++) await scene.submit(double, no)
  await scene.submit(large, 1, { delayMs: 60_000 })
  const limits = new QueueLimits(scene.store, { waiting: 7, waitingOfType: 4 })
  await assert.rejects(limits.admit('double'), refusal(/^4 jobs of the type double wait already, and no more than 4 may/))
  await limits.admit('large')
  await limits.admit('large')
  await assert.rejects(limits.admit('large'), refusal(/^7 jobs wait already, and no more than 7 may/))
})

test('what has been admitted counts before the next count', async () => {
  const limits = new QueueLimits(scene.store, { waiting: 100, waitingOfType: 100 })
  for (let no = 0; no < 95; no++) await limits.admit('double')
  await assert.rejects(limits.admit('double'), refusal(/^100 jobs wait already/))
})
