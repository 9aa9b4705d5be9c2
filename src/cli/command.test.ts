import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { version } from '../version.ts'

const main = fileURLToPath(new URL('../main.ts', import.meta.url))

/** `millrace …` in a shell without settings. */
function millrace(words: readonly string[], settings: Record<string, string> = {}) {
  const { stdout, stderr, status } = spawnSync(process.execPath, [main, ...words], {
    env: { PATH: process.env['PATH'], ...settings },
    encoding: 'utf8',
  })
  return { stdout, stderr, status }
}

test('--version and COMMAND --help print and exit; the help of serve lists the settings', () => {
  assert.deepEqual(millrace(['--version']), { stdout: `${version}\n`, stderr: '', status: 0 })
  const { status, stderr, stdout } = millrace(['serve', '--help'])
  assert.deepEqual([status, stderr], [0, ''])
  assert.match(stdout, /^usage: millrace serve \[--no-workers\]\n.*MILLRACE_DATA_DIR/s)
  assert.match(millrace(['user', '--help']).stdout, /reset NAME +shows a key.*first line of standard input/s)
})

test('the error for an unknown command names it and lists the commands', () => {
  const { status, stdout, stderr } = millrace(['migrat'])
  assert.deepEqual([status, stdout], [1, ''])
  assert.match(stderr, /^millrace: no command "migrat"\. The commands are serve, .*migrate/)
})

test('the error for an unusable PostgreSQL has the server’s own message', () => {
  const { status, stderr } = millrace(['migrate'], { DATABASE_URL: 'postgres://x:secret@localhost:1/none' })
  assert.equal(status, 1)
  assert.match(stderr, /^millrace migrate: PostgreSQL at postgresql:\/\/x@localhost:1\/none cannot be used: .*ECONNREFUSED/)
  assert.doesNotMatch(stderr, /secret/)
})
