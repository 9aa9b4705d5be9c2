import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { callAction, resultOf } from '../../test/action.ts'
import { startHub } from '../../test/hub.ts'

const run = promisify(execFile)
const main = fileURLToPath(new URL('../main.ts', import.meta.url))
const hub = await startHub({}, { http: true, workers: false })
after(() => hub.close())

/** `millrace user …` in a process of its own, beside the hub. */
const millrace = (...words: string[]) => run(process.execPath, [main, 'user', ...words], { env: { ...hub.environment, PATH: process.env['PATH'] } })

test('a user is made, and gets a reset key that sets the password once', async () => {
  const made = await millrace('add', 'clara', '--password', 'first')
  const key = /API key, shown once: (\S+)/.exec(made.stdout)?.[1] ?? ''
  assert.equal((await resultOf<{ name: string }>(hub, 'user_show', { key })).name, 'clara')
  const reset = await millrace('reset', 'clara')
  const resetKey = /good once until \S+: (\S+)/.exec(reset.stdout)?.[1]
  const body = { id: 'clara', password: 'second', reset_key: resetKey }
  await resultOf(hub, 'user_update', { body })
  assert.equal((await callAction(hub, 'user_update', { body })).status, 403)
  const login = (password: string) =>
    fetch(`${hub.url}/login`, { headers: { authorization: `Basic ${btoa(`clara:${password}`)}` }, redirect: 'manual' })
  assert.deepEqual([(await login('first')).status, (await login('second')).status], [401, 302])
})

test('list shows every account with its role and state', async () => {
  const { stdout } = await millrace('list')
  assert.ok(stdout.split('\n').includes('admin\tsysadmin\tactive'), stdout)
})

test('what cannot be done is told in one line', async () => {
  const refused = ['nobody-there', 'x'].map((name, at) =>
    assert.rejects(millrace(at === 0 ? 'reset' : 'add', name), (error: { code?: number; stderr?: string }) => {
      assert.doesNotMatch(error.stderr ?? '', /\n {4}at /)
      return (error.code ?? 0) > 0
    }),
  )
  await Promise.all(refused)
})
