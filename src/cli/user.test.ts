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

/** Runs `millrace user …` in another process than the hub; `input` is its standard input. */
function millrace(words: readonly string[], input = '') {
  const running = run(process.execPath, [main, 'user', ...words], { env: { ...hub.environment, PATH: process.env['PATH'] } })
  running.child.stdin?.end(input)
  return running
}

const login = (password: string) =>
  fetch(`${hub.url}/login`, { headers: { authorization: `Basic ${btoa(`clara:${password}`)}` }, redirect: 'manual' })

test('a user is made with the password of standard input, and gets a reset key that sets it once and ends the sessions', async () => {
  const made = await millrace(['add', 'clara'], 'first word\n')
  const key = /API key, shown once: (\S+)/.exec(made.stdout)?.[1] ?? ''
  assert.equal((await resultOf<{ name: string }>(hub, 'user_show', { key })).name, 'clara')
  const cookie = (await login('first word')).headers.get('set-cookie')?.split(';')[0] ?? ''
  const whoIs = async () => ((await (await fetch(`${hub.url}/user`, { headers: { cookie } })).json()) as { name: string }).name
  assert.equal(await whoIs(), 'clara')
  const reset = await millrace(['reset', 'clara'])
  assert.equal(await whoIs(), 'Anonymous')
  const resetKey = /good once until \S+: (\S+)/.exec(reset.stdout)?.[1]
  const body = { id: 'clara', password: 'second word', reset_key: resetKey }
  await resultOf(hub, 'user_update', { body })
  assert.equal((await callAction(hub, 'user_update', { body })).status, 403)
  assert.deepEqual([(await login('first word')).status, (await login('second word')).status], [401, 302])
})

test('list shows every account with its role and state', async () => {
  const { stdout } = await millrace(['list'])
  assert.ok(stdout.split('\n').includes('admin\tsysadmin\tactive'), stdout)
})

test('a password is set from standard input', async () => {
  await millrace(['password', 'clara'], 'third word\nanything else')
  assert.deepEqual([(await login('second word')).status, (await login('third word')).status], [401, 302])
})

test('an impossible command prints one line, and changes nothing', async () => {
  const cases: readonly [words: string[], input: string, message: RegExp][] = [
    [['reset', 'nobody-there'], '', /user not found: nobody-there/],
    [['add', 'x'], 'some word', /3 to 255/],
    [['add', 'klaus', '--password', 'some word'], '', /--password is not an option/],
    [['add', 'klaus'], 'seven77', /at least 8 characters/],
    [['password', 'clara'], '', /no password was given/],
    [['key', 'clara', '--sysadmin'], '', /has no option --sysadmin/],
  ]
  await Promise.all(
    cases.map(([words, input, message]) =>
      assert.rejects(millrace(words, input), (error: { code?: number; stderr?: string }) => {
        assert.doesNotMatch(error.stderr ?? '', /\n {4}at /)
        assert.match(error.stderr ?? '', message)
        return (error.code ?? 0) > 0
      }),
    ),
  )
  assert.equal((await callAction(hub, 'user_show', { body: { id: 'klaus' } })).status, 404)
  assert.equal((await login('third word')).status, 302)
})

test('a user without a password has only a key', async () => {
  assert.match((await millrace(['add', 'robot', '--no-password'])).stdout, /API key, shown once: \S+/)
})
