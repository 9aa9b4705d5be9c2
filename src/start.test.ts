import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { pino } from 'pino'
import { resultOf } from '../test/action.ts'
import { makeEnvironment, startHub } from '../test/hub.ts'
import { leg } from '../test/store.ts'
import { startApp } from './app.ts'
import { ConfigError, parseConfig, strangeNames } from './config.ts'
import { StartError } from './start.ts'

const log = pino({ level: 'silent' })
const { environment, drop } = await makeEnvironment()
after(drop)
const start = (settings: Record<string, string>) => startApp(parseConfig({ ...environment, ...settings }), log, { http: true, workers: false })

test('wrong settings are all told at once, each with what was wanted and without secrets', () => {
  assert.throws(
    () => parseConfig({ PORT: 'x', LOG_LEVEL: 'loud', MILLRACE_ADMIN_API_KEY: 'short one', DATABASE_URL: 'mysql://u:pass@h/d' }),
    (error: Error) => {
      assert.ok(error instanceof ConfigError)
      assert.deepEqual(
        error.message.split('\n').map((line) => line.split(':')[0]),
        ['PORT', 'DATABASE_URL', 'MILLRACE_ADMIN_API_KEY', 'LOG_LEVEL'],
      )
      assert.doesNotMatch(error.message, /short one|pass@/)
      return true
    },
  )
})

test('misspelled settings are noticed', () => {
  const names = { MILLRACE_KEEP_JOB_DAYS: '3', MILLRACE_KEEP_JOBS_DAYS: '3', MILLRACE_TEST_LEG: 'sqlite', PATH: '/bin' }
  assert.deepEqual(strangeNames(names), ['MILLRACE_KEEP_JOB_DAYS'])
})

test('the forms of DATABASE_URL', () => {
  const address = (text: string) => parseConfig({ DATABASE_URL: text }).database
  assert.deepEqual(address('postgresql+psycopg2://u:p@h:1/d'), { kind: 'postgres', url: 'postgresql://u:p@h:1/d' })
  assert.deepEqual(address('postgres://h/d'), { kind: 'postgres', url: 'postgresql://h/d' })
  assert.deepEqual(address('sqlite:///data/x.db'), { kind: 'sqlite', path: 'data/x.db' })
  assert.deepEqual(address('sqlite:////var/x.db'), { kind: 'sqlite', path: '/var/x.db' })
  assert.deepEqual(address('sqlite:x.db'), { kind: 'sqlite', path: 'x.db' })
})

test('a port in use stops the start with one line', async () => {
  const taken = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => taken.once('listening', resolve))
  const port = String((taken.address() as AddressInfo).port)
  await assert.rejects(
    start({ PORT: port }),
    (error: Error) => error instanceof StartError && /in use.*PORT/.test(error.message) && !error.message.includes('\n'),
  )
  taken.close()
})

test('a data folder that cannot be written stops the start with one line', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-start-'))
  await writeFile(join(folder, 'file'), '')
  await assert.rejects(
    start({ MILLRACE_DATA_DIR: join(folder, 'file', 'data') }),
    (error: Error) => error instanceof StartError && /MILLRACE_DATA_DIR/.test(error.message),
  )
  await rm(folder, { recursive: true })
})

test('a database that does not answer stops the start with one line without its password', async () => {
  await assert.rejects(start({ DATABASE_URL: 'postgres://u:hidden@127.0.0.1:9/none' }), (error: Error) => {
    return error instanceof StartError && /cannot be used/.test(error.message) && !/hidden/.test(error.message)
  })
})

test('another secret, or another folder, than the database was made with stops the start', async () => {
  const hub = await startHub()
  const other = await mkdtemp(join(tmpdir(), 'millrace-start-'))
  const again = (settings: Record<string, string>) => startApp(parseConfig({ ...hub.environment, ...settings }), log, { http: false, workers: false })
  await assert.rejects(
    again({ MILLRACE_SECRET: 'not-the-one-it-was-made-with' }),
    (error: Error) => error instanceof StartError && /MILLRACE_SECRET/.test(error.message),
  )
  if (leg !== 'sqlite') await assert.rejects(again({ MILLRACE_DATA_DIR: other }), StartError)
  await rm(other, { recursive: true })
  await hub.close()
})

test('with a port that the system chose, every address in an answer carries it', async () => {
  const hub = await startHub({}, { http: true, workers: false })
  try {
    const headers = { authorization: hub.adminKey }
    const made = await resultOf<{ resources: { url: string }[] }>(hub, 'package_create', { body: { name: 'own' }, key: hub.adminKey })
    assert.deepEqual(made.resources, [])
    const form = new FormData()
    form.append('package_id', 'own')
    form.append('upload', new Blob(['a,b\n1,2\n']), 'a.csv')
    const uploaded = await fetch(`${hub.url}/api/3/action/resource_create`, { method: 'POST', body: form, headers })
    const { result } = (await uploaded.json()) as { result: { url: string } }
    assert.equal(new URL(result.url).origin, hub.url)
    assert.equal(await (await fetch(result.url)).text(), 'a,b\n1,2\n')
    assert.match((await resultOf<{ ckan_url: string }>(hub, 'package_show_rest', { body: { id: 'own' } })).ckan_url, new RegExp(`^${hub.url}/`))
    const description = (await (await fetch(`${hub.url}/openapi.json`)).json()) as { servers: unknown }
    assert.deepEqual(description.servers, [{ url: hub.url }])
    assert.match(await (await fetch(`${hub.url}/`)).text(), new RegExp(`${hub.url}/api/action`))
    assert.equal(parseConfig({ PORT: '0', MILLRACE_SITE_URL: 'http://hub.example/' }).siteUrl, 'http://hub.example')
  } finally {
    await hub.close()
  }
})
