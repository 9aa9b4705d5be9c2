import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startHub } from '../../test/hub.ts'
import { serveSamples } from '../../test/sample-data.ts'
import { fillForJobs, serviceContract, serviceRows } from './job-service/testing/parameters.ts'
import { fillForTypes, typeContract, typeRows } from './job-types/testing/parameters.ts'
import { fillForFlows, sourceContract, sourceRows } from './spec-store/testing/parameters.ts'
import { fillForHub, hubContract, hubRows } from './testing/hub-parameters.ts'
import { addRow, type Body, keyOf } from './testing/parameter-row.ts'
import { RouteScene } from './testing/route-scene.ts'

// No parameter is accepted and ignored: every one that a route names changes something, or is refused. Actions have a table of their own.

const hub = await startHub()
const data = await serveSamples()
after(async () => {
  data.close()
  await hub.close()
})
const scene = new RouteScene(hub, data)
const maria = await scene.publisher('maria')
const flows = await fillForFlows(scene, maria)
await fillForHub(scene)
await fillForJobs(scene)
await fillForTypes(scene)
const rows = [...hubRows(), ...typeRows(scene), ...sourceRows(scene, flows), ...serviceRows(scene, 'maria')]

interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema?: { readonly type?: string } }[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: { readonly properties?: object } }>> }
}
const description = (await hub.http.inject('/openapi.json')).json<{ paths: Record<string, Record<string, Operation>> }>()
/** Every route but the actions, as rows name them. */
const routes = Object.entries(description.paths).flatMap(([path, operations]) =>
  /^\/api\/(3\/)?action\//.test(path)
    ? []
    : Object.entries(operations).map(([method, operation]) => ({ of: `${method.toUpperCase()} ${path}`, operation })),
)

const wireNames: Readonly<Record<string, (name: string) => string>> = {
  path: (name) => `{${name}}`,
  query: (name) => `?${name}`,
  header: (name) => `${name}:`,
}

function parametersOf({ parameters = [], requestBody }: Operation): string[] {
  const fields = Object.values(requestBody?.content ?? {}).flatMap(({ schema }) => Object.keys(schema.properties ?? {}))
  return [...parameters.map((one) => wireNames[one.in]?.(one.name) ?? one.name), ...new Set(fields)]
}

/** `meta.dataset` is a field within a field; the description of a route has the outer ones. */
const isInner = ({ parameter }: { parameter: string }) => parameter.includes('.')

/** Names of headers have no case. */
const plainKey = (row: { of: string; parameter: string }) =>
  keyOf(row.parameter.endsWith(':') ? { ...row, parameter: row.parameter.toLowerCase() } : row)

test('every parameter of every route has its row, and no row is about anything else', () => {
  const offered = routes.flatMap(({ of, operation }) => parametersOf(operation).map((parameter) => plainKey({ of, parameter })))
  const inner = rows.filter((row) => isInner(row)).map((row) => plainKey({ ...row, parameter: row.parameter.split('.', 1)[0] ?? '' }))
  assert.deepEqual(
    rows
      .filter((row) => !isInner(row))
      .map(plainKey)
      .sort(),
    offered.sort(),
  )
  assert.deepEqual(
    inner.filter((one) => !offered.includes(one)),
    [],
  )
})

test('every parameter that a contract names is one of the route', () => {
  const lines = [hubContract, serviceContract, typeContract, sourceContract].join('').split('\n')
  const named = lines.flatMap((line) => {
    const [method = '', path = '', ...parameters] = line.split(/ +/)
    return parameters.map((parameter) => plainKey({ of: `${method} ${path}`, parameter }))
  })
  const known = new Set(rows.map(plainKey))
  assert.ok(named.length > 100)
  assert.deepEqual(
    named.filter((one) => !known.has(one)),
    [],
  )
})

test('a query parameter that a route does not know is refused with 400, with those that it knows', async () => {
  for (const { of, operation } of routes.filter((one) => one.of !== 'GET /job')) {
    const { status, refusal = '' } = await scene.call(of, { '?no-such': 1 })
    assert.equal(status, 400, of)
    const names = parametersOf(operation).filter((name) => name.startsWith('?'))
    for (const name of ['no-such', ...names.map((one) => one.slice(1))]) assert.ok(refusal.includes(name), `${of}: ${refusal}`)
  }
})

test('a query parameter that a route reads once is refused with 400 when it comes twice', async () => {
  for (const { of, operation } of routes) {
    for (const { name, schema } of operation.parameters?.filter((one) => one.in === 'query') ?? []) {
      const pattern = `${of.replaceAll('{*}', 'x')}?${name}=1&${name}=1`
      const { status, refusal = '' } = await scene.call(pattern, {})
      if (schema?.type === 'array') assert.doesNotMatch(refusal, /more than once/, pattern)
      else assert.match(`${status} ${refusal}`, new RegExp(`^400 .*${name} was sent more than once`), pattern)
    }
  }
})

for (const [what, route, input, name] of [
  ['a submission', 'POST /job', { job_type: 'echo', api_key: 'k', more: 1 }, 'more'],
  ['a login', 'POST /login', { username: 'maria', password: 'x', remember: true }, 'remember'],
  ['a job type', 'POST /v6/job-types', { docker_image: 'x', manifest: {}, more: 1 }, 'more'],
  ['a validation', 'POST /v6/job-types/validation', { manifest: {}, more: 1 }, 'more'],
  ['an event of a pipeline', 'POST /source/update', { pipeline: 'a/b/1', event: 'start', more: 1 }, 'more'],
] as const) {
  test(`a field that ${what} does not know is refused by its name`, async () => {
    const { status, refusal = '' } = await scene.call(route, input satisfies Body)
    assert.ok(status === 400 || status === 409, refusal)
    assert.match(refusal, new RegExp(name))
  })
}

test('what other sites append to links to pages is taken, and changes nothing', async () => {
  const plain = await scene.get('GET /dataset/shown')
  assert.deepEqual(await scene.get('GET /dataset/shown', { '?utm_source': 'letter', '?fbclid': 'x' }), plain)
})

test('a browser gets the refusal as a page', async () => {
  const { status, result } = await scene.call('GET /dataset', { '?colour': 'blue', 'Accept:': 'text/html' })
  assert.equal(status, 400)
  assert.match(String(result['text']), /<h1>.*unknown query parameter colour; the parameters here are q, page/is)
})

for (const row of rows) addRow(row, (one, body) => scene.call(one.of, body, one.key))
