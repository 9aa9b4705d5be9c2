import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig } from '../config.ts'
import { isAllowed, type OutgoingPolicy, outgoingPolicy } from './outgoing-policy.ts'

const open: OutgoingPolicy = { allowPrivateAddresses: true, sslVerify: true }
const closed: OutgoingPolicy = { allowPrivateAddresses: false, sslVerify: true }

for (const [address, allowed] of [
  ['8.8.8.8', true],
  ['2606:4700::1111', true],
  ['127.0.0.1', false],
  ['127.8.9.1', false],
  ['10.0.0.1', false],
  ['172.16.0.1', false],
  ['192.168.1.1', false],
  ['169.254.169.254', false],
  ['100.64.0.1', false],
  ['0.0.0.0', false],
  ['255.255.255.255', false],
  ['224.0.0.1', false],
  ['::', false],
  ['::1', false],
  ['fe80::1', false],
  ['fd00::1', false],
  ['::ffff:127.0.0.1', false],
  ['::ffff:8.8.8.8', true],
  ['64:ff9b::7f00:1', false],
  ['64:ff9b::8.8.8.8', false],
  ['64:ff9b:1::7f00:1', false],
  ['2002:7f00:1::', false],
  ['2001:0:4136:e378:8000:63bf:3fff:fdd2', false],
  ['::7f00:1', false],
  ['::127.0.0.1', false],
  ['::808:808', false],
  ['::ffff:0:7f00:1', false],
  ['::ffff:7f00:1', false],
  ['::ffff:a9fe:a9fe', false],
  ['0.1.2.3', false],
  ['192.0.0.8', false],
  ['192.0.2.1', false],
  ['198.18.0.1', false],
  ['198.51.100.7', false],
  ['203.0.113.9', false],
  ['240.0.0.1', false],
  ['239.255.255.250', false],
  ['172.31.255.255', false],
  ['172.32.0.1', true],
  ['100.63.255.255', true],
  ['100.128.0.1', true],
  ['fe80::1%eth0', false],
  ['fec0::1', false],
  ['ff02::1', false],
  ['100::1', false],
  ['2001:db8::1', false],
  ['2001:2::1', false],
  ['3fff::1', false],
  ['4000::1', false],
  ['5f00::1', false],
  ['2a00:1450:4001::1', true],
  ['localhost', false],
  ['', false],
] as const) {
  test(`a public hub ${allowed ? 'may' : 'may not'} reach ${address}`, () => {
    assert.equal(isAllowed(closed, address), allowed)
    assert.equal(isAllowed(open, address), true)
  })
}

for (const [environment, allowed] of [
  [{}, true],
  [{ HOST: 'localhost' }, true],
  [{ HOST: '::1' }, true],
  [{ HOST: '127.8.9.1' }, true],
  [{ MILLRACE_SITE_URL: 'http://localhost:8080' }, true],
  [{ MILLRACE_SITE_URL: 'http://hub.localhost' }, true],
  [{ MILLRACE_SITE_URL: 'http://[::1]:5000/' }, true],
  [{ MILLRACE_SITE_URL: 'https://data.example.org' }, false],
  [{ MILLRACE_SITE_URL: 'http://localhost.example.org' }, false],
  [{ MILLRACE_SITE_URL: 'http://192.168.0.9' }, false],
  [{ HOST: '0.0.0.0', MILLRACE_SITE_URL: 'http://localhost:5000' }, false],
  [{ MILLRACE_SITE_URL: 'https://data.example.org', MILLRACE_ALLOW_PRIVATE_ADDRESSES: '1' }, true],
  [{ HOST: '0.0.0.0' }, false],
  [{ HOST: '192.168.0.9' }, false],
  [{ HOST: '0.0.0.0', MILLRACE_ALLOW_PRIVATE_ADDRESSES: '1' }, true],
  [{ MILLRACE_ALLOW_PRIVATE_ADDRESSES: '0' }, false],
] as const) {
  test(`a hub with ${JSON.stringify(environment)} ${allowed ? 'may' : 'may not'} reach private addresses`, () => {
    assert.equal(outgoingPolicy(parseConfig(environment)).allowPrivateAddresses, allowed)
  })
}
