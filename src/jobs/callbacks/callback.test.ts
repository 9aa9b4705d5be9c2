import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import { judgeAnswer, keyHeader, nextWaitMs, usualWaits, webhookHeaders } from './callback.ts'

for (const [apiKey, wanted] of [
  ['secret', { Authorization: 'secret' }],
  [42, { Authorization: '42' }],
  ['X-Key:secret', { 'X-Key': 'secret' }],
  ['X-Key: a:b', { 'X-Key': 'a:b' }],
  ['not a header:secret', { Authorization: 'not a header:secret' }],
  [':secret', { Authorization: ':secret' }],
  ['Host:elsewhere', { Authorization: 'Host:elsewhere' }],
  ['content-length:1', { Authorization: 'content-length:1' }],
  ['Webhook-Signature:v1,x', { Authorization: 'Webhook-Signature:v1,x' }],
  ['grün', { Authorization: 'grün' }],
  ['ключ', undefined],
  ['a\nb', undefined],
  ['X-Key:a\r\nb', undefined],
] as const) {
  test(`the key ${JSON.stringify(apiKey)} is sent as ${JSON.stringify(wanted ?? 'nothing')}`, () => assert.deepEqual(keyHeader(apiKey), wanted))
}

test('a message is signed over id, second and body, once for each secret', () => {
  const secrets = [1, 2].map((fill) => Buffer.alloc(32, fill))
  const shown = secrets.map((bytes) => `whsec_${bytes.toString('base64')}`)
  const headers = webhookHeaders({ id: 'msg_1', at: 1_700_000_000_999, body: '{"ü":1}' }, shown)
  const signed = secrets.map((bytes) => `v1,${createHmac('sha256', bytes).update('msg_1.1700000000.{"ü":1}').digest('base64')}`)
  assert.deepEqual(headers, { 'webhook-id': 'msg_1', 'webhook-timestamp': '1700000000', 'webhook-signature': signed.join(' ') })
})

for (const [status, kind, isFinal] of [
  [200, 'delivered'],
  [201, 'delivered'],
  [204, 'delivered'],
  [301, 'failed', true],
  [302, 'failed', true],
  [400, 'failed', true],
  [404, 'failed', true],
  [410, 'failed', true],
  [429, 'failed', false],
  [500, 'failed', false],
  [503, 'failed', false],
] as const) {
  test(`an answer of ${status} is ${kind}${isFinal === undefined ? '' : isFinal ? ' for good' : ', to be tried again'}`, () => {
    const result = judgeAnswer({ status, retryAfter: undefined, at: 0, text: '' })
    assert.deepEqual([result.kind, result.kind === 'failed' ? result.isFinal : undefined], [kind, isFinal])
  })
}

for (const [retryAfter, wanted] of [
  [undefined, 0],
  ['120', 120_000],
  ['Thu, 01 Jan 1970 00:01:00 GMT', 59_000],
  ['Wed, 31 Dec 1969 00:00:00 GMT', 0],
  ['soon', 0],
  ['99999999999', 86_400_000],
] as const) {
  test(`Retry-After ${retryAfter} asks for ${wanted} ms`, () => {
    const result = judgeAnswer({ status: 503, retryAfter, at: 1_000, text: '' })
    assert.equal(result.kind === 'failed' && result.retryAfterMs, wanted)
  })
}

test('waits grow to five hours, with jitter, never shorter than the receiver asks; after the sixth try there is none', () => {
  const wait = (tries: number, random: number, retryAfterMs = 0) => nextWaitMs(tries, { waits: usualWaits, retryAfterMs, random: () => random })
  assert.deepEqual(
    [1, 2, 3, 4, 5, 6].map((tries) => wait(tries, 0.5)),
    [5_000, 300_000, 1_800_000, 7_200_000, 18_000_000, undefined],
  )
  assert.deepEqual([wait(1, 0), wait(1, 1), wait(1, 0, 60_000), wait(2, 0.5, 60_000)], [4_000, 6_000, 60_000, 300_000])
})
