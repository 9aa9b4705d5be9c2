import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { readNewPassword } from './new-password.ts'
import { UsageError } from './usage.ts'

/** The output of a terminal while these lines are typed, and the password that is read. */
async function typed(...lines: string[]) {
  const input = Object.assign(new PassThrough(), { isTTY: true })
  const output = new PassThrough()
  let shown = ''
  output.on('data', (chunk) => {
    shown += chunk
    if (!shown.endsWith(': ')) return
    const line = lines.shift()
    if (line === undefined) input.end()
    else input.write(`${line}\r`)
  })
  const outcome = await readNewPassword({ input, output }).catch((error: unknown) => error)
  return { outcome, shown }
}

test('on a terminal a password is asked for twice and not shown', async () => {
  assert.deepEqual(await typed('secret wörd', 'secret wörd'), { outcome: 'secret wörd', shown: 'New password: \nThe same again: \n' })
  const { outcome, shown } = await typed('secret word', 'secret wort')
  assert.ok(outcome instanceof UsageError && !shown.includes('secret'))
  assert.ok((await typed('secret word')).outcome instanceof UsageError)
})

test('without a terminal it is the first line of the input, which may stay open', async () => {
  const given = async (text: string, isEnded = true) => {
    const input = new PassThrough()
    input.write(text)
    if (isEnded) input.end()
    return readNewPassword({ input, output: new PassThrough() })
  }
  assert.equal(await given(' secret word \r\nmore'), ' secret word ')
  assert.equal(await given('secret word'), 'secret word')
  assert.equal(await given('secret word\n', false), 'secret word')
  await assert.rejects(given(''), UsageError)
  await assert.rejects(given('\nsecret'), UsageError)
})
