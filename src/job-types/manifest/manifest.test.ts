import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { buildManifest, readExample } from '../../../test/job-types.ts'
import { parseManifest } from './manifest.ts'
import type { SeedManifest } from './schema.ts'

const names = (value: unknown) => parseManifest(value).faults.map(({ name }) => name)
const only = (value: unknown) => parseManifest(value).faults.map(({ description }) => description)
const withJob = (job: Record<string, unknown>) => ({ ...buildManifest(), job: { ...buildManifest().job, ...job } })
const withInterface = (parts: NonNullable<SeedManifest['job']['interface']>) => buildManifest({ interface: parts })

test('the example manifest is accepted as printed, and its nameless errors get names from their titles', async () => {
  const posted = JSON.parse(await readExample('validate')).manifest
  const { manifest, faults, warnings } = parseManifest(posted)
  assert.deepEqual(faults, [])
  assert.deepEqual(
    manifest?.job.errors?.map(({ name }) => name),
    ['data-issue-discovered', 'missing-environment'],
  )
  assert.deepEqual(
    warnings.map(({ name }) => name),
    ['MISSING_ERROR_NAME', 'MISSING_ERROR_NAME'],
  )
  for (const error of posted.job.errors) error.name = { 1: 'data-issue-discovered', 2: 'missing-environment' }[error.code as 1 | 2]
  assert.deepEqual(manifest, posted, 'nothing else is added or taken away')
})

test('a minimal manifest is accepted, and returned as posted', () => {
  const posted = buildManifest({ interface: { inputs: {}, outputs: {}, mounts: [] }, resources: {}, errors: [], tags: [] })
  assert.deepEqual(parseManifest(posted), { manifest: posted, faults: [], warnings: [] })
})

test('error names are made from title or code, are unique, and differ from the given ones', () => {
  const errors = [
    { code: 1, title: 'Bad Input!' },
    { code: 2, title: 'bad input.' },
    { code: 3 },
    { code: 4, title: '' },
    { code: -5 },
    { code: 6, name: 'error-3' },
    { code: 7, title: 'x'.repeat(200) },
    { code: 8, title: 'x'.repeat(300) },
  ]
  const { manifest } = parseManifest(buildManifest({ errors }))
  assert.deepEqual(
    manifest?.job.errors?.map(({ name }) => name),
    ['bad-input-', 'bad-input--2', 'error-3-2', 'error-4', 'error--5', 'error-3', 'x'.repeat(50), `${'x'.repeat(48)}-2`],
  )
})

test('names made for errors are always valid and unique', () => {
  const error = fc.record({ code: fc.integer(), title: fc.option(fc.string(), { nil: undefined }) })
  fc.assert(
    fc.property(fc.array(error, { maxLength: 12 }), (errors) => {
      const { manifest } = parseManifest(JSON.parse(JSON.stringify(buildManifest({ errors }))))
      if (!manifest) return
      assert.deepEqual(parseManifest(manifest), { manifest, faults: [], warnings: [] })
    }),
  )
})

const schemaFaults: [string, Record<string, unknown>][] = [
  ['manifest.job.timeout must be of type integer', { timeout: 1.5 }],
  ['manifest.job.timeout must be >= 1', { timeout: 0 }],
  ['manifest.job.title must be of type string', { title: null }],
  ['manifest.job has an unknown member extra', { extra: 1 }],
  ['manifest.job.maintainer lacks email', { maintainer: { name: 'Jo' } }],
  ['manifest.job.name must match pattern "^[a-zA-Z0-9-]+$"', { name: 'with_underscore' }],
  ['manifest.job.tags[1] must have at most 50 characters', { tags: ['ok', 'x'.repeat(51)] }],
  ['manifest.job.errors[0].code must be of type integer', { errors: [{ code: '1' }] }],
  ['manifest.job.errors[0].category must be one of job, data', { errors: [{ code: 1, category: 'x' }] }],
  [
    'manifest.job.interface.inputs.json[0].type must be one of array, boolean, integer, number, object, string',
    { interface: { inputs: { json: [{ name: 'a', type: 'null' }] } } },
  ],
  ['manifest.job.title holds a character that cannot be stored', { title: 'a\0b' }],
  ['manifest.job.description holds a character that cannot be stored', { description: '\ud800' }],
]

test('each fault against the schema is reported with its place', () => {
  for (const [text, job] of schemaFaults) {
    assert.deepEqual(only(withJob(job)), [text])
    assert.deepEqual(names(withJob(job)), ['JSON_VALIDATION_ERROR'])
  }
})

test('all faults of a manifest are reported, not only the first', () => {
  assert.deepEqual(only({ seedVersion: '2.0.0' }), ['manifest lacks job', 'manifest.seedVersion must be one of 1.0.0'])
})

test('numbers that are written 10.0 are integers', () => {
  const text = JSON.stringify(buildManifest()).replace('"timeout":60', '"timeout":10.0')
  assert.equal(parseManifest(JSON.parse(text)).manifest?.job.timeout, 10)
})

test('a long hostile version is refused at once', () => {
  const started = performance.now()
  for (const piece of ['1', '0', '-a.', '.0', '+0']) {
    const [fault] = only(withJob({ jobVersion: `1.0.0-${piece.repeat(1_000_000)}`, packageVersion: `1.0.0-${piece.repeat(1_000_000)}` }))
    assert.match(fault ?? '', /at most 50 characters/)
  }
  assert.ok(performance.now() - started < 3000)
})

test('a list with a hundred thousand wrong entries is refused with a short answer', () => {
  const faults = only(withJob({ errors: Array(100_000).fill(1) }))
  assert.ok(faults.length >= 1 && faults.length <= 50)
})

const collisions: [string, NonNullable<SeedManifest['job']['interface']>][] = [
  ['my-db and MY_DB', { inputs: { json: [{ name: 'my-db', type: 'string' }] }, settings: [{ name: 'MY_DB' }] }],
  ['output_dir and the reserved one', { inputs: { files: [{ name: 'output_dir' }] } }],
  ['allocated_cpus and the resource cpus', { inputs: { json: [{ name: 'allocated_cpus', type: 'number' }] } }],
  ['two settings', { settings: [{ name: 'a' }, { name: 'A' }] }],
]

test('names that become the same environment variable collide', () => {
  for (const [what, parts] of collisions) {
    const manifest = buildManifest({ interface: parts, resources: { scalar: [{ name: 'cpus', value: 1 }] } })
    assert.deepEqual(names(manifest), ['NAME_COLLISION_ERROR'], what)
  }
  const twice = { scalar: [{ name: 'Mem', value: 1 }, { name: 'mem', value: 1 }] } // biome-ignore format: one pair
  assert.deepEqual(names(buildManifest({ resources: twice })), ['NAME_COLLISION_ERROR'])
})

test('outputs and mounts do not collide', () => {
  const parts = {
    inputs: { files: [{ name: 'IN' }] },
    outputs: { files: [{ name: 'IN', pattern: '*' }], json: [{ name: 'IN', type: 'string' as const }] },
    mounts: [{ name: 'IN', path: '/in' }],
  }
  assert.deepEqual(names(withInterface(parts)), [])
})

test('mounts and errors have further rules', () => {
  const mount = { name: 'a', path: '/a' }
  assert.deepEqual(names(withInterface({ mounts: [mount, mount] })), ['DUPLICATE_MOUNT_NAMES'])
  assert.deepEqual(names(withInterface({ mounts: [mount, { ...mount, name: 'A' }] })), [])
  assert.deepEqual(names(withInterface({ mounts: [{ name: 'a', path: 'a/b' }] })), ['INVALID_MOUNT_PATH'])
  const error = { code: 1, name: 'a' }
  assert.deepEqual(names(buildManifest({ errors: [error, error, error] })), ['DUPLICATE_ERROR_NAMES'])
  assert.deepEqual(names(buildManifest({ errors: [error, { code: 1, name: 'b' }] })), [], 'a code may repeat')
})

test('gpus must be whole, and unusual resources give a warning', () => {
  assert.deepEqual(names(buildManifest({ resources: { scalar: [{ name: 'GPUs', value: 0.5 }] } })), ['JSON_VALIDATION_ERROR'])
  const scalar = ['cpus', 'MEM', 'disk', 'gpus', 'sharedMem', 'chocolate'].map((name) => ({ name, value: 1 }))
  const { warnings } = parseManifest(buildManifest({ resources: { scalar } }))
  assert.deepEqual(
    warnings.map(({ name }) => name),
    ['NONSTANDARD_RESOURCE'],
  )
})

test('names of Object.prototype are ordinary names', () => {
  const names_ = ['__proto__', 'constructor', 'toString', 'hasOwnProperty']
  const posted = withInterface({
    inputs: { files: names_.map((name) => ({ name })) },
    settings: names_.map((name) => ({ name: `${name}_s` })),
    mounts: names_.map((name) => ({ name, path: '/x' })),
  })
  assert.deepEqual(names(posted), [])
  assert.deepEqual(names(JSON.parse('{"__proto__": {"seedVersion": "1.0.0"}}')), Array(3).fill('JSON_VALIDATION_ERROR'))
})

test('whatever is given, a manifest is either returned or has faults', () => {
  const mutated = fc
    .tuple(fc.constantFrom(...Object.keys(buildManifest().job), 'interface', 'resources', 'errors', 'tags'), fc.jsonValue())
    .map(([key, value]) => withJob({ [key]: value }))
  fc.assert(
    fc.property(fc.oneof(fc.anything(), fc.jsonValue(), mutated), (value) => {
      const { manifest, faults } = parseManifest(value)
      assert.equal(manifest === undefined, faults.length > 0)
    }),
  )
})
