import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { buildManifest, readExample } from '../../test/job-types.ts'
import { holds, promisesOf } from '../../test/promise.ts'
import { compareWithManifest, defaultConfiguration, parseConfiguration } from './configuration.ts'

const faultsOf = (value: Record<string, unknown>) => parseConfiguration(value).faults.map(({ name, description }) => [name, description])

test('the example configuration is read as printed', async () => {
  const posted = JSON.parse(await readExample('configuration'))
  const expected = { ...posted, output_workspaces: { outputs: { output_1: 'workspace_2' }, default: 'workspace_1' } }
  expected.mounts.mount_2 = { type: 'volume', driver: 'docker-driver', driver_opts: { opt_1: 'foo' } }
  assert.deepEqual(parseConfiguration(posted), { configuration: expected, faults: [] })
  holds(...promisesOf('Registry of job types').filter((id) => id.startsWith('configuration ')))
})

test('every member has a default, and empty ones are left out of the result', () => {
  assert.deepEqual(defaultConfiguration, { mounts: {}, output_workspaces: { outputs: {} }, priority: 100, settings: {} })
  const posted = { version: '6', mounts: { v: { type: 'volume', driver: '' } }, output_workspaces: { default: '' } }
  assert.deepEqual(parseConfiguration(posted).configuration, { ...defaultConfiguration, mounts: { v: { type: 'volume', driver_opts: {} } } })
})

const faults: [Record<string, unknown>, string, string][] = [
  [{ priority: 0 }, 'INVALID_CONFIGURATION', 'configuration.priority must be >= 1'],
  [{ priority: 1.5 }, 'INVALID_CONFIGURATION', 'configuration.priority must be of type integer'],
  [{ settings: { DB: 5 } }, 'INVALID_CONFIGURATION', 'configuration.settings.DB must be of type string'],
  [{ mounts: { m: { type: 'host' } } }, 'INVALID_CONFIGURATION', 'configuration.mounts.m lacks host_path'],
  [{ mounts: { m: { type: 'nfs' } } }, 'INVALID_CONFIGURATION', 'configuration.mounts.m.type must be of a known kind'],
  [{ mounts: { m: { type: 'host', host_path: '/', driver: 'x' } } }, 'INVALID_CONFIGURATION', 'configuration.mounts.m has an unknown member driver'],
  [{ other: 1 }, 'INVALID_CONFIGURATION', 'configuration has an unknown member other'],
  [{ output_workspaces: null }, 'INVALID_CONFIGURATION', 'configuration.output_workspaces must be of type object'],
  [{ settings: { DB: 'a\0' } }, 'INVALID_CONFIGURATION', 'configuration.settings.DB holds a character that cannot be stored'],
  [{ version: '8' }, 'INVALID_VERSION', 'configuration.version must be 6, 7 or 2.0, or be left out'],
  [{ mounts: { m: { type: 'host', host_path: 'rel/path' } } }, 'HOST_ABSOLUTE_PATH', 'host_path of mount m must be absolute'],
]

test('each fault of a configuration is reported with its place', () => {
  for (const [posted, name, description] of faults) assert.deepEqual(faultsOf(posted), [[name, description]])
})

test('no description quotes a value', () => {
  const secret = 'hunter2-hunter2'
  const places = [
    { settings: { DB: { [`x`]: secret } } },
    { settings: [secret] },
    { settings: secret },
    { priority: secret },
    { mounts: { m: { type: secret } } },
    { mounts: { m: { type: 'host', host_path: secret } } },
    { mounts: { m: { type: 'volume', driver_opts: { o: [secret] } } } },
    { version: secret },
  ]
  for (const posted of places) {
    const found = faultsOf(posted)
    assert.equal(found.length > 0, true)
    assert.equal(JSON.stringify(found).includes(secret), false, JSON.stringify(found))
  }
})

test('names of the prototype keep their values', () => {
  const text = '{"mounts":{"__proto__":{"type":"host","host_path":"/x"}},"settings":{"__proto__":"v","constructor":"w"}}'
  const { configuration } = parseConfiguration(JSON.parse(text))
  const { mounts, settings } = JSON.parse(text)
  assert.equal(JSON.stringify(configuration), JSON.stringify({ mounts, output_workspaces: { outputs: {} }, priority: 100, settings }))
  assert.deepEqual(faultsOf(JSON.parse('{"mounts":{"__proto__":{"type":"host"}}}')), [
    ['INVALID_CONFIGURATION', 'configuration.mounts.__proto__ lacks host_path'],
  ])
})

test('names of the configuration that the manifest lacks are reported, and the reverse', () => {
  const manifest = buildManifest({
    interface: { mounts: [{ name: 'a', path: '/a' }], settings: [{ name: 'S', secret: true }, { name: 'constructor' }] },
  })
  const { configuration } = parseConfiguration({ mounts: { b: { type: 'volume' } }, settings: { S: 'x', T: 'y' } })
  assert.deepEqual(
    compareWithManifest(configuration ?? defaultConfiguration, manifest).map(({ name, description }) => `${name} ${description.split(' ').at(-1)}`),
    ['MISSING_MOUNT configuration', 'UNKNOWN_MOUNT b', 'MISSING_SETTING value', 'UNKNOWN_SETTING T'],
  )
})

test('whatever is given, a configuration is either returned or has faults, and is stable when read again', () => {
  const member = fc.constantFrom('mounts', 'output_workspaces', 'priority', 'settings', 'version', '__proto__')
  const inner = fc.dictionary(fc.string(), fc.oneof(fc.jsonValue(), fc.constant({ type: 'volume' }), fc.string()))
  fc.assert(
    fc.property(fc.dictionary(member, fc.oneof(inner, fc.jsonValue(), fc.nat())), (posted) => {
      const { configuration, faults: found } = parseConfiguration(posted)
      assert.equal(configuration === undefined, found.length > 0)
      if (configuration) assert.deepEqual(parseConfiguration({ ...configuration }).configuration, configuration)
    }),
  )
})
