import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino } from 'pino'
import type { Store } from '../../store/store.ts'
import type { ClaimedJob } from '../job.ts'
import { testType } from '../testing/types.ts'
import { AttemptLog } from './attempt-log.ts'

// What a running attempt tells, while the store fails or says that the claim is lost.

/** A log above a store whose next write ends as the test says. */
function openLog() {
  const [begun, answer, lost] = [Promise.withResolvers<void>(), Promise.withResolvers<boolean>(), Promise.withResolvers<void>()]
  const write = () => {
    begun.resolve()
    return answer.promise
  }
  const parts = { store: { write } as unknown as Store, job: { id: 'one', seq: 1 } as ClaimedJob, type: testType('double') }
  const told = new AttemptLog({ ...parts, log: pino({ level: 'silent' }), lost: lost.resolve })
  const tell = (message: string) => told.log({ at: 1, level: 'INFO', message, func: null, line: null })
  return { told, tell, begun: begun.promise, answer, lost: lost.promise }
}

test('lines that could not be stored keep their place before those that came meanwhile', async () => {
  const { told, tell, begun, answer } = openLog()
  for (const message of ['one', 'two']) tell(message)
  told.progress({ fraction: 0.5, message: 'half' })
  await begun
  tell('three')
  answer.reject(new Error('the database does not answer'))
  const { lines, progress } = await told.finish()
  assert.deepEqual(
    lines.map((entry) => entry.message),
    ['one', 'two', 'three'],
  )
  assert.deepEqual(progress, { fraction: 0.5, message: 'half' })
})

test('a batch that comes too late ends the attempt', async () => {
  const { told, tell, answer, lost } = openLog()
  tell('late')
  answer.resolve(false)
  await lost
  assert.deepEqual((await told.finish()).lines, [])
})
