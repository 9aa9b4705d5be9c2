import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { HttpError } from '../../server/errors.ts'
import { decodeBody } from './body.ts'

const decode = async (text: string) => ({ ...(await decodeBody(Buffer.from(text))) })

const readings: readonly (readonly [string, object])[] = [
  ['{}', {}],
  ['{"id": "x"}', { id: 'x' }],
  ['\uFEFF{"id": "x"}', { id: 'x' }],
  ['{"id": "x"}=', { id: 'x' }],
  ['{"id": "x"}=1', { id: 'x' }],
  ['{"q": "a&b=c+d%20e"}', { q: 'a&b=c+d%20e' }],
  ['{"q": "a&b=c"}=1', { q: 'a&b=c' }],
  ['%7B%22id%22%3A+%22x%22%7D=1', { id: 'x' }],
  ['%7B%22id%22%3A%22x%22%7D', { id: 'x' }],
  ['%7B%22id%22%3A%22x%22%7D=&other=1', { id: 'x' }],
  ['id=x&limit=3', { id: 'x', limit: '3' }],
  ['id=x', { id: 'x' }],
  ['tag=a&tag=b', { tag: ['a', 'b'] }],
]

for (const [body, parameters] of readings) {
  test(`the body ${body} is ${JSON.stringify(parameters)}`, async () => assert.deepEqual(await decode(body), parameters))
}

for (const body of ['', 'null', '[]', '"text"', '17', '{"id": ', 'id', 'id=', 'id=1', '%', '1=2&3=4']) {
  test(`the body ${JSON.stringify(body)} is refused`, async () => {
    await assert.rejects(
      () => decode(body),
      (error) => error instanceof HttpError && error.status === 400 && error.message.startsWith('Bad request - JSON Error:'),
    )
  })
}

test('a body that is not UTF-8 is refused in every form, and %XX in a form is decoded', async () => {
  for (const text of ['{"id": "caf\xe9"}', '{"id": "caf\xe9"}=1', 'id=caf\xe9&limit=3', '{"id": "\xed\xa0\x80"}', '{"id": "\xc3']) {
    await assert.rejects(
      () => decodeBody(Buffer.from(text, 'latin1')),
      (error) => error instanceof HttpError && error.status === 400 && error.message === 'Bad request - JSON Error: the body is not UTF-8',
    )
  }
  assert.deepEqual(await decode('{"id": "café \uFFFD"}'), { id: 'café \uFFFD' })
  assert.deepEqual(await decode('id=caf%C3%A9&q=%FF'), { id: 'café', q: '\uFFFD' })
})

test('a body that nests deeper than 64 levels is too large', async () => {
  const deep = `{"a":${'['.repeat(64)}${']'.repeat(64)}}`
  await assert.rejects(
    () => decode(deep),
    (error) => error instanceof HttpError && error.status === 413,
  )
})

test('a body with more values than a request may have is too large, a long text is not', async () => {
  const refusal = (error: unknown) => error instanceof HttpError && error.status === 413 && /JSON values/.test(error.message)
  await assert.rejects(() => decode(`{"a":[${'1,'.repeat(500_000)}1]}`), refusal)
  await assert.rejects(() => decode(`{"a":[${'{},'.repeat(300_000)}1]}`), refusal)
  await assert.rejects(
    () => decode(JSON.stringify({ a: Object.fromEntries([...Array(10_001).keys()].map((no) => [`k${no}`, no])) })),
    (error) => error instanceof HttpError && error.status === 413 && /10000 keys/.test(error.message),
  )
  const text = '[1,2,{}],'.repeat(200_000)
  assert.deepEqual(await decode(`{"a":${JSON.stringify(text)}}`), { a: text })
})

test('a form has at most 1,000 fields, and a repeated one is a list of all its values', async () => {
  assert.deepEqual(await decode('a=1&'.repeat(999) + 'b=2'), { a: Array(999).fill('1'), b: '2' })
  await assert.rejects(
    () => decode('a=1&'.repeat(20_000)),
    (error) => error instanceof HttpError && error.status === 413 && error.message === 'the form has more than 1000 fields; send a JSON body instead',
  )
  assert.deepEqual(await decode(`a=${'+'.repeat(100_000)}%2B&b=+`), { a: `${' '.repeat(100_000)}+`, b: ' ' })
})

test('any object comes through in every form in which clients send it', async () => {
  const anyObject = fc.dictionary(fc.string({ minLength: 1 }), fc.oneof(fc.string(), fc.integer(), fc.constant(null), fc.array(fc.string())))
  await fc.assert(
    fc.asyncProperty(anyObject, async (value) => {
      const text = JSON.stringify(value)
      const form = encodeURIComponent(text)
      for (const body of [text, `${text}=1`, `${text}=`, form, `${form}=1`, form.replaceAll('%20', '+')]) {
        assert.equal(JSON.stringify(await decode(body)), JSON.stringify({ ...JSON.parse(text) }))
      }
    }),
  )
})

test('no bytes lead to anything but an object or a refusal', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), async (bytes) => {
      try {
        assert.equal(typeof (await decodeBody(Buffer.from(bytes))), 'object')
      } catch (error) {
        assert.ok(error instanceof HttpError && (error.status === 400 || error.status === 413), String(error))
      }
    }),
  )
})
