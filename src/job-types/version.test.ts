import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compare as compareVersions, valid } from 'semver'
import { isVersion, versionKey } from './version.ts'

const byCodePoint = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))

test('version keys sort as text like the list that the specification gives', () => {
  const inOrder = [
    '1.0.0-alpha',
    '1.0.0-alpha.1',
    '1.0.0-alpha.beta',
    '1.0.0-beta',
    '1.0.0-beta.2',
    '1.0.0-beta.11',
    '1.0.0-rc.1',
    '1.0.0',
    '1.2.0',
    '1.10.0',
    '2.0.0-0',
    '2.0.0',
  ]
  assert.deepEqual(
    [...inOrder].reverse().toSorted((a, b) => byCodePoint(versionKey(a), versionKey(b))),
    inOrder,
  )
})

const identifier = fc.oneof(fc.nat(120).map(String), fc.stringMatching(/^[0-9]{0,2}[A-Za-z-][0-9A-Za-z-]{0,2}$/))
const version = fc
  .tuple(
    fc.nat(20),
    fc.nat(120),
    fc.nat(3),
    fc.array(identifier, { maxLength: 3 }),
    fc.array(fc.stringMatching(/^[0-9A-Za-z-]{1,3}$/), { maxLength: 2 }),
  )
  .map(([a, b, c, pre, build]) => `${a}.${b}.${c}${pre.length > 0 ? `-${pre.join('.')}` : ''}${build.length > 0 ? `+${build.join('.')}` : ''}`)

test('any two versions sort by their keys as semver orders them, build parts left out', () => {
  fc.assert(
    fc.property(version, version, (a, b) => {
      assert.equal(Math.sign(byCodePoint(versionKey(a), versionKey(b))), compareVersions(a, b))
    }),
  )
})

test('versions that are accepted here are accepted by semver too, except for its extensions', () => {
  fc.assert(
    fc.property(fc.oneof(version, fc.stringMatching(/^[v=0-9.+a-]{0,12}$/)), (text) => {
      const strict = !/^[v=\s]|\s$/.test(text) && valid(text) !== null
      assert.equal(isVersion(text), strict, text)
    }),
  )
})

test('numbers beyond the safe integers are versions and keep their order', () => {
  const [small, large] = ['1.0.99999999999999999999', '1.0.100000000000000000000']
  assert.ok(isVersion(small) && isVersion(large))
  assert.equal(byCodePoint(versionKey(small), versionKey(large)), -1)
})

test('a long hostile text is refused at once', () => {
  const started = performance.now()
  for (const piece of ['1', '0', '1.', '-a.', '+0', '1.0.0-']) assert.equal(isVersion('1.0.0-' + piece.repeat(2_000_000)), false)
  assert.ok(performance.now() - started < 1000)
})

test('a version in another form sorts below all semantic ones', () => {
  for (const text of ['', 'latest', '2024-01', '01.0.0', 'v1.0.0']) assert.ok(byCodePoint(versionKey(text), versionKey('0.0.0-0')) < 0, text)
})
