import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigError, parseConfig } from '../../config.ts'
import { callerAddress, isFromOwnMachine } from './caller-address.ts'

const trusting = (proxies: string) => parseConfig({ MILLRACE_TRUSTED_PROXIES: proxies })

/** The caller’s address for a connection from an address with this `X-Forwarded-For`. */
function address(proxies: string, from: string | undefined, forwarded?: string | string[]): string {
  const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded as string }
  return callerAddress({ socket: { remoteAddress: from } as never, headers }, trusting(proxies))
}

const table: readonly [proxies: string, from: string | undefined, forwarded: string | string[] | undefined, caller: string][] = [
  ['', '203.0.113.9', undefined, '203.0.113.9'],
  ['', '127.0.0.1', '198.51.100.1', '127.0.0.1'],
  ['127.0.0.1', '203.0.113.9', '198.51.100.1', '203.0.113.9'],
  ['127.0.0.1', '127.0.0.1', '198.51.100.1', '198.51.100.1'],
  ['127.0.0.1', '::ffff:127.0.0.1', '198.51.100.1', '198.51.100.1'],
  ['::ffff:127.0.0.1', '127.0.0.1', '198.51.100.1', '198.51.100.1'],
  // The client’s own values come before the value that the proxy adds.
  ['127.0.0.1', '127.0.0.1', '10.0.0.1, 198.51.100.1', '198.51.100.1'],
  ['127.0.0.1', '127.0.0.1', ['10.0.0.1', '198.51.100.1'], '198.51.100.1'],
  ['127.0.0.1 10.0.0.0/8', '127.0.0.1', '192.0.2.7, 198.51.100.1,10.2.3.4', '198.51.100.1'],
  ['10.0.0.0/8', '10.1.1.1', '10.2.2.2', '10.2.2.2'],
  ['127.0.0.1', '127.0.0.1', undefined, '127.0.0.1'],
  ['127.0.0.1', '127.0.0.1', '198.51.100.1, unknown', '127.0.0.1'],
  ['127.0.0.1', '127.0.0.1', '198.51.100.1, 12', '127.0.0.1'],
  ['127.0.0.1', '127.0.0.1', '198.51.100.1:5123', '198.51.100.1'],
  ['fd00::/8', 'fd00::1', '[2001:db8:1:2:3:4:5:6]:443', '2001:db8:1:2::/64'],
  ['', '2001:db8:1:2:ffff::1', undefined, '2001:db8:1:2::/64'],
  ['', undefined, undefined, 'unknown'],
]

for (const [proxies, from, forwarded, caller] of table) {
  test(`with trusted proxies ${proxies || '(none)'} a connection from ${from} for ${forwarded} counts as ${caller}`, () => {
    assert.equal(address(proxies, from, forwarded), caller)
  })
}

test('an invalid address or network is refused as a setting', () => {
  for (const text of ['proxy', '10.0.0.0/33', '10.0.0.0/x', '10/8', '::1/129', '::ffff:10.0.0.0/104', '127.0.0.1;10.0.0.1'])
    assert.throws(() => trusting(text), ConfigError, text)
})

test('a caller counts as local only if no proxy may be in between', () => {
  const isOwn = (settings: Record<string, string>, from: string, headers: Record<string, string> = {}) =>
    isFromOwnMachine({ socket: { remoteAddress: from } as never, headers }, parseConfig(settings))
  const [behind, trusting] = [{ MILLRACE_SITE_URL: 'https://data.example.org' }, { MILLRACE_TRUSTED_PROXIES: '127.0.0.1' }]
  const cases: [ReturnType<typeof isOwn>, boolean][] = [
    [isOwn({}, '127.0.0.1'), true],
    [isOwn({}, '::1'), true],
    [isOwn({}, '::ffff:127.0.0.1'), true],
    [isOwn({}, '192.168.0.1'), false],
    [isOwn({}, '127.0.0.1', { 'x-forwarded-for': '127.0.0.1' }), false],
    [isOwn({}, '127.0.0.1', { via: '1.1 proxy' }), false],
    [isOwn(behind, '127.0.0.1'), false],
    [isOwn({ ...behind, ...trusting }, '127.0.0.1'), true],
    [isOwn({ ...behind, ...trusting }, '127.0.0.1', { 'x-forwarded-for': '127.0.0.1, 198.51.100.1' }), false],
    [isOwn(trusting, '127.0.0.1', { 'x-forwarded-for': '198.51.100.1, unknown' }), false],
    [isOwn(trusting, '127.0.0.1', { 'x-forwarded-for': '' }), false],
    [isOwn(trusting, '127.0.0.1', { 'x-real-ip': '198.51.100.1' }), false],
    [isOwn(trusting, '127.0.0.1', { forwarded: 'for=198.51.100.1' }), false],
  ]
  assert.deepEqual(
    cases.map(([found]) => found),
    cases.map(([, wanted]) => wanted),
  )
})
