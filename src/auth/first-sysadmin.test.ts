import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { pino } from 'pino'
import { makeEnvironment } from '../../test/hub.ts'
import { type App, startApp } from '../app.ts'
import { parseConfig } from '../config.ts'
import { replaceKey } from './user.ts'

const { environment, drop } = await makeEnvironment({ MILLRACE_ADMIN_API_KEY: '', MILLRACE_ADMIN_PASSWORD: '' })
after(drop)

/** Starts the hub, uses it, stops it. */
async function visit<T>(run: (app: App) => Promise<T> | T): Promise<T> {
  const app = await startApp(parseConfig(environment), pino({ level: 'silent' }), { http: true, workers: false })
  try {
    return await run(app)
  } finally {
    await app.close()
  }
}

test('the generated credentials are shown at each start until a caller has used them', async () => {
  const first = await visit((app) => app.firstSysadmin)
  assert.ok(first?.password && first.apiKey)
  const used = await visit(async (app) => {
    assert.deepEqual(app.firstSysadmin, first)
    await app.http?.inject({ url: '/api/3/action/status_show', headers: { authorization: 'another-key' } })
    return app.firstSysadmin
  })
  assert.deepEqual(used, first)
  const without = await visit(async (app) => {
    await replaceKey(app.base, first.name)
    return app.firstSysadmin
  })
  assert.deepEqual(without, first)
  const { apiKey: replaced, ...rest } = first
  assert.ok(replaced)
  await visit(async (app) => {
    assert.deepEqual(app.firstSysadmin, rest, 'a key that no longer holds is not shown')
    const headers = { authorization: `Basic ${btoa(`${first.name}:${first.password}`)}` }
    const login = await app.http?.inject({ url: '/login', headers })
    const cookie = String(login?.headers['set-cookie']).split(';', 1)[0] ?? ''
    const status = await app.http?.inject({ url: '/status', headers: { cookie } })
    assert.equal(status?.statusCode, 200)
  })
  assert.equal(await visit((app) => app.firstSysadmin), undefined)
})
