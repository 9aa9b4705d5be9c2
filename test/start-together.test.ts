import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { pino } from 'pino'
import { startApp } from '../src/app.ts'
import { parseConfig } from '../src/config.ts'
import { makeEnvironment } from './hub.ts'

const { environment, drop } = await makeEnvironment()
after(drop)

test('processes that start at the same time on an empty database and folder use the same secret, files and first sysadmin', async () => {
  const config = parseConfig(environment)
  const starts = await Promise.allSettled([...Array(6)].map(() => startApp(config, pino({ level: 'silent' }), { http: false, workers: true })))
  for (const one of starts) if (one.status === 'fulfilled') await one.value.close()
  assert.deepEqual(
    starts.map((one) => (one.status === 'fulfilled' ? 'started' : String(one.reason))),
    Array(6).fill('started'),
  )
  assert.equal(new Set(starts.map((one) => one.status === 'fulfilled' && JSON.stringify(one.value.firstSysadmin))).size, 1)
})
