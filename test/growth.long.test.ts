import assert from 'node:assert/strict'
import { after } from 'node:test'
import type { InjectOptions } from 'fastify'
import { maxEntries } from '../src/base/limits.ts'
import { actions } from '../src/http/ckan/actions/actions.ts'
import { growthTest, listOf, mebibyte, pieces, plainTextOf, textOf } from './growth.ts'
import { startHub } from './hub.ts'
import { buildManifest } from './job-types.ts'

const hub = await startHub({}, { http: true, workers: false })
after(() => hub.close())

const description: Description = (await hub.http.inject('/openapi.json')).json()
const { token, userid } = (await hub.http.inject({ url: '/auth/authorize?service=source', headers: { authorization: hub.adminKey } })).json<{
  token: string
  userid: string
}>()

async function ask(options: InjectOptions): Promise<void> {
  const answer = await hub.http.inject({ ...options, headers: { authorization: hub.adminKey, ...options.headers } })
  assert.ok(
    answer.statusCode < 500 || answer.statusCode === 503,
    `${options.method ?? 'GET'} ${String(options.url).slice(0, 100)}: ${answer.statusCode}`,
  )
}

const json = { 'content-type': 'application/json' }
const post = (url: string, payload: string, type = 'application/json') => ask({ method: 'POST', url, payload, headers: { 'content-type': type } })
const callAction = (name: string, input: object) =>
  ask({ method: 'POST', url: `/api/3/action/${name}`, payload: JSON.stringify(input), headers: json })

/** Where a quadratic loop is plain to see and a linear one takes a few milliseconds. */
const large = mebibyte / 4
let made = 0

const bodies: Readonly<Record<string, (size: number) => string>> = {
  'a form with one name': (size) => 'a=1&'.repeat(size / 4),
  'a form with many names': (size) => listOf(size / 10, (no) => `a${no}=1`).join('&'),
  'a form of signs': (size) => `a=${'+'.repeat(size)}`,
  'a form of escapes': (size) => `a=${'%41'.repeat(size / 3)}`,
  'a form of broken escapes': (size) => `a=${'%FF'.repeat(size / 3)}`,
  'a form of equal signs': (size) => `a${'='.repeat(size)}`,
  'JSON labelled as a form': (size) => `{"a":"${'b&c=d'.repeat(size / 5)}"}=1`,
  'JSON in escapes': (size) => encodeURIComponent(JSON.stringify({ a: '"'.repeat(size / 6) })),
  'JSON that is none': (size) => `{"a":${'"b",'.repeat(size / 4)}`,
  'a list of numbers': (size) => `{"a":[${'1,'.repeat(size / 2)}1]}`,
  'a list of fractions': (size) => `{"a":[${'1.50,'.repeat(size / 5)}1]}`,
  'a list of lists': (size) => `{"a":[${'[],'.repeat(size / 3)}1]}`,
  'objects of different keys': (size) => `{"a":[${listOf(size / 16, (no) => `{"k${no}":1}`).join(',')}]}`,
  'an object of many keys': (size) => `{${listOf(size / 10, (no) => `"k${no}":1`).join(',')}}`,
  'a text of quotes': (size) => `{"a":"${'\\"'.repeat(size / 2)}"}`,
  'a text of backslashes': (size) => `{"a":"${'\\\\'.repeat(size / 2)}"}`,
  'a long number': (size) => `{"a":${'1'.repeat(size)}}`,
  brackets: (size) => '['.repeat(size),
  blanks: (size) => `${' '.repeat(size)}{}`,
}

/** Who reads bodies, each by its own rules. */
const readers = [
  '/api/3/action/package_search',
  '/api/3/action/package_create',
  '/job',
  '/login',
  '/source/upload',
  '/source/update',
  '/v6/job-types',
]

growthTest('bodies of every kind, by every surface that reads them', function* () {
  for (const [name, make] of Object.entries(bodies)) {
    const type = /form|escapes/.test(name) ? 'application/x-www-form-urlencoded' : 'application/json'
    for (const url of readers) yield [`POST ${url}, ${name}`, large, (size) => post(url, make(size), type)] as const
  }
})

growthTest('a job with every kind of data and metadata', function* () {
  for (const [name, make] of Object.entries(bodies)) {
    if (!make(30).startsWith('{')) continue
    for (const key of ['data', 'metadata', 'api_key', 'job_type', 'result_url']) {
      const submit = (size: number) => post('/job', `{"job_type":"echo_async","api_key":"k","data":"x","${key}":${make(size)}}`)
      yield [`POST /job, ${key}: ${name}`, large, submit] as const
    }
  }
})

/** Parameters that are taken apart, or whose text is rendered, by their actions. */
const parsed = [
  ...['q', 'fq', 'sort', 'fl', 'facet.field'].map((parameter) => ['package_search', parameter] as const),
  ...['notes', 'tag_string', 'url', 'title'].map((parameter) => ['package_create_validate', parameter] as const),
  ...(['resource_search query', 'tag_list q', 'group_list sort', 'package_create_rest tags', 'user_update about'] as const).map((text) =>
    text.split(' '),
  ),
]

growthTest('every kind of text as every parameter that is taken apart', function* () {
  for (const [name = '', parameter = ''] of parsed) {
    for (const piece of pieces) {
      const call = (size: number) => callAction(name, { id: 'admin', name: 'some', [parameter]: textOf(piece, size) })
      yield [`${name} ${parameter}=${JSON.stringify(piece)}…`, mebibyte / 8, call] as const
    }
  }
})

const values: Readonly<Record<string, (size: number) => unknown>> = {
  text: (size) => 'a b '.repeat(size * 4),
  texts: (size) => listOf(size, (no) => `text ${no}`),
  objects: (size) => listOf(size, (no) => ({ key: `k${no}`, name: `n${no}`, value: `v${no}`, url: `http://a.b/${no}`, id: `i${no}` })),
  'an object': (size) => Object.fromEntries(listOf(size, (no) => [`k${no}`, `v${no}`])),
}

/** A number or a flag is refused whatever else comes; a text may come as a list in error. */
const kindsFor = (type: unknown) =>
  type === 'integer' || type === 'boolean' ? ['text'] : type === 'string' ? ['text', 'texts'] : Object.keys(values)

growthTest('every parameter of every action, as a long text, list and object', function* () {
  for (const [name, action] of actions) {
    for (const [parameter, { type }] of Object.entries<{ type?: unknown }>(action.input.properties)) {
      for (const kind of kindsFor(type)) {
        const call = (size: number) => callAction(name, { id: 'x', name: `n${made++}`, [parameter]: values[kind]?.(size) })
        yield [`${name} ${parameter}: ${kind}`, maxEntries(parameter) * 0.8, call] as const
      }
    }
  }
})

interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

growthTest('every route, with long paths, many parameters and a large body', function* () {
  for (const [path, methods] of Object.entries(description.paths)) {
    for (const method of Object.keys(methods)) {
      const call = (url: string, payload?: string) =>
        ask({ method: method.toUpperCase() as 'GET', url, ...(payload !== undefined && { payload, headers: json }) })
      const filled = (value: string) => path.replaceAll(/\{[^}]+\}|\*/g, value)
      const query = (size: number) => listOf(Math.min(1000, size / 12), (no) => `k${no}=v${no}`).join('&')
      yield [`${method} ${path}, long names`, 12_000, (size) => call(filled('a'.repeat(size)))] as const
      yield [`${method} ${path}, slashes`, 12_000, (size) => call(`${filled('x')}${'/'.repeat(size)}x`)] as const
      yield [`${method} ${path}, parameters`, 12_000, (size) => call(`${filled('x')}?${query(size)}`)] as const
      if (method !== 'get')
        yield [`${method} ${path}, body`, large, (size) => call(filled('x'), JSON.stringify({ a: textOf('a b ', size) }))] as const
    }
  }
})

const headerNames = [
  ...['accept', 'accept-encoding', 'accept-language', 'access-control-request-headers', 'auth-token', 'authorization', 'content-type', 'cookie'],
  ...['idempotency-key', 'if-modified-since', 'if-none-match', 'last-event-id', 'origin', 'range', 'sec-fetch-site', 'x-ckan-api-key'],
  'x-forwarded-for',
]

growthTest('every header that is taken apart, filled with every kind of text', function* () {
  const own = ['a=b; ', 'a/b;q=1, ', '"a", ', 'W/"a",', '10.0.0.1, ', 'Bearer ', 'Basic YTpi ']
  for (const name of headerNames) {
    for (const piece of [...pieces.filter((one) => /^[ -~]+$/.test(one)), ...own]) {
      const call = (size: number) => ask({ url: '/dataset', headers: { [name]: piece.repeat(size / piece.length) } })
      yield [`${name}: ${piece}…`, 12_000, call] as const
    }
  }
})

/** Texts of the search, at the most that is taken. */
const searchPieces = [
  ...pieces,
  'tags:a OR ',
  'name:[* TO *] ',
  'metadata_modified:[NOW-7DAYS TO NOW] ',
  'C++ ',
  'ab東京 ',
  '+a ',
  'NOT a ',
  '((',
  'a?b ',
]

growthTest('searches as long as they may be, with many words', function* () {
  for (const piece of searchPieces) {
    for (const parameter of ['q', 'fq'])
      yield [
        `${parameter}=${JSON.stringify(piece)}…`,
        29_000,
        (size) => callAction('package_search', { [parameter]: plainTextOf(piece, size) }),
      ] as const
  }
  yield ['different words', 190, (size) => callAction('package_search', { q: listOf(size, (no) => `wort${no}`).join(' ') })]
  yield ['beginnings of words', 190, (size) => callAction('package_search', { q: listOf(size, (no) => `${no}*`).join(' ') })]
  yield ['a phrase', 990, (size) => callAction('package_search', { q: `"${plainTextOf('ab cd ', size)}"` })]
  yield ['alternatives in brackets', 190, (size) => callAction('package_search', { fq: `tags:(${listOf(size, (no) => `t${no}`).join(' OR ')})` })]
  yield ['facets', 9000, (size) => callAction('package_search', { 'facet.field': listOf(size, (no) => `f${no}`) })]
  yield ['sort', 9000, (size) => callAction('package_search', { sort: listOf(size, () => 'name asc').join(',') })]
})

const parts = (size: number, { lines = ['content-disposition: form-data; name="q"'], value = 'a' }: { lines?: string[]; value?: string }) =>
  `${`--b\r\n${lines.join('\r\n')}\r\n\r\n${value}\r\n`.repeat(size)}--b--\r\n`

growthTest('multipart bodies of every kind', function* () {
  const send = (body: string) => post('/api/3/action/package_search', body, 'multipart/form-data; boundary=b')
  const field = 'content-disposition: form-data; name="q"'
  yield ['many parts', 990, (size) => send(parts(size, {}))]
  yield ['too many parts', 20_000, (size) => send(parts(size, {}))]
  yield ['many files', 990, (size) => send(parts(size, { lines: ['content-disposition: form-data; name="upload"; filename="a.csv"'] }))]
  yield ['many header lines', 8000, (size) => send(parts(1, { lines: [field, ...listOf(size, (no) => `x-${no}: 1`)] }))]
  yield ['a long header line', large, (size) => send(parts(1, { lines: [`content-disposition: form-data; name="${'a'.repeat(size)}"`] }))]
  yield ['many parameters of a header', large, (size) => send(parts(1, { lines: [`content-disposition: form-data; ${'a=b; '.repeat(size / 5)}`] }))]
  for (const piece of [...pieces, '\r\n--', '\r\n--b', '--b', '\r'])
    yield [`a value of ${JSON.stringify(piece)}`, large, (size) => send(parts(1, { value: plainTextOf(piece, size) }))]
  yield ['a long boundary', 8000, (size) => post('/api/3/action/package_search', parts(1, {}), `multipart/form-data; boundary=${'b'.repeat(size)}`)]
})

growthTest('datasets and groups with as many parts as they may have', function* () {
  const create = (input: object) => callAction('package_create', { name: `made-${made++}`, ...input })
  const resource = (no: number) => ({ url: `http://a.b/${no}.csv`, name: `n${no}`, format: 'CSV' })
  yield ['resources', 8000, (size) => create({ resources: listOf(size, resource) })]
  yield ['tags', 2000, (size) => create({ tags: listOf(size, (no) => ({ name: `tag ${no} ${made}` })) })]
  yield ['tag_string', 2000, (size) => create({ tag_string: listOf(size, (no) => `tag ${no} ${made}`).join(',') })]
  yield ['tag_string of bad tags', 20_000, (size) => create({ tag_string: listOf(size, (no) => `!${no}`).join(',') })]
  yield ['extras', 2000, (size) => create({ extras: listOf(size, (no) => ({ key: `k${no}`, value: `v ${no}` })) })]
  yield ['notes of many words', large, (size) => create({ notes: listOf(size / 8, (no) => `wort${no}`).join(' ') })]
  for (const piece of pieces) yield [`notes of ${JSON.stringify(piece)}`, 19_990, (size) => createAndShow(plainTextOf(piece, size))]
  yield [
    'extras of a group',
    2000,
    (size) => callAction('group_create', { name: `made-${made++}`, extras: listOf(size, (no) => ({ key: `k${no}`, value: 'v' })) }),
  ]
  yield [
    'resources that are changed',
    8000,
    async (size) => {
      const name = `made-${made++}`
      await callAction('package_create', { name, resources: listOf(size, resource) })
      await callAction('package_update', { id: name, name, resources: listOf(size, (no) => resource(no + 1)) })
      await callAction('resource_create', { package_id: name, url: 'http://a.b' })
      await ask({ url: `/dataset/${name}`, headers: { accept: 'text/html' } })
    },
  ]
})

/** A dataset and the page that shows its notes. */
async function createAndShow(notes: string): Promise<void> {
  const name = `noted-${made++}`
  await callAction('package_create', { name, notes })
  await ask({ url: `/dataset/${name}`, headers: { accept: 'text/html' } })
}

growthTest('lists of jobs and of job types, with every kind of filter', function* () {
  const paths = [
    '/job?',
    '/job?_status=',
    '/job?a=',
    '/v6/job-types?order=',
    '/v6/job-types?keyword=',
    '/v6/job-types?page_size=',
    '/v6/job-type-names?keyword=',
    '/dataset?q=',
    '/dataset?page=',
    '/auth/authorize?service=',
    '/auth/resolve?username=',
  ]
  for (const path of paths) {
    for (const piece of pieces) {
      const call = (size: number) => ask({ url: `${path}${encodeURIComponent(plainTextOf(piece, size)).slice(0, 14_000)}` })
      yield [`GET ${path}${JSON.stringify(piece)}…`, 12_000, call] as const
    }
  }
  yield ['many filters', 50, (size) => ask({ url: `/job?${listOf(size, (no) => `k${no}=v`).join('&')}` })]
  yield ['many orders', 900, (size) => ask({ url: `/v6/job-types?${listOf(size, () => 'order=-name').join('&')}` })]
})

const dataField = (no: number) => ({ name: `f${no}`, type: 'string', constraints: { pattern: `(a|b)+c{1,20}${no}` } })
const spec = (descriptor: object, more: object = {}) =>
  ask({
    method: 'POST',
    url: '/source/upload',
    headers: { ...json, 'auth-token': token },
    payload: JSON.stringify({
      meta: { ownerid: userid, dataset: `d${made++}`, findability: 'published' },
      inputs: [{ kind: 'datapackage', url: 'http://a.b/datapackage.json', parameters: { descriptor } }],
      ...more,
    }),
  })

growthTest('source specs with many parts', function* () {
  const withFields = (fields: object[]) => spec({ name: 'd', resources: [{ name: 'r', path: 'a.csv', schema: { fields } }] })
  yield ['fields', 5000, (size) => withFields(listOf(size, (no) => ({ name: `f${no}`, type: 'number' })))]
  yield ['fields with patterns', 2000, (size) => withFields(listOf(size, dataField))]
  yield ['fields with an enum', 50_000, (size) => withFields([{ name: 'a', type: 'integer', constraints: { enum: listOf(size, (no) => no) } }])]
  yield ['fields of one name', 5000, (size) => withFields(listOf(size, () => ({ name: 'a', type: 'string' })))]
  yield [
    'keys',
    4000,
    (size) =>
      spec({ name: 'd', resources: [{ name: 'r', path: 'a.csv', schema: { fields: [dataField(1)], primaryKey: listOf(size, (no) => `f${no}`) } }] }),
  ]
  yield ['resources', 8000, (size) => spec({ name: 'd', resources: listOf(size, (no) => ({ name: `r${no}`, path: `${no}.csv` })) })]
  yield ['inputs', 8000, (size) => spec({}, { inputs: listOf(size, (no) => ({ kind: 'datapackage', url: `http://a.b/${no}` })) })]
  yield [
    'processing',
    8000,
    (size) =>
      spec({ name: 'd', resources: [] }, { processing: listOf(size, (no) => ({ input: 'r', output: `o${no}`, tabulator: { skip_rows: 1 } })) }),
  ]
  yield ['unknown keys', 8000, (size) => spec(Object.fromEntries(listOf(size, (no) => [`k${no}`, no])))]
  for (const piece of pieces) {
    yield [
      `a pattern of ${JSON.stringify(piece)}`,
      8000,
      (size) => withFields([{ name: 'a', type: 'string', constraints: { pattern: plainTextOf(piece, size) } }]),
    ]
    yield [`a format of ${JSON.stringify(piece)}`, 8000, (size) => withFields([{ name: 'a', type: 'date', format: plainTextOf(piece, size) }])]
  }
})

growthTest('manifests with many parts', function* () {
  const check = (job: object, configuration: object = {}) =>
    post('/v6/job-types/validation', JSON.stringify({ manifest: buildManifest(job), configuration }))
  const named = (size: number, more: object = {}) => listOf(size, (no) => ({ name: `N${no}`, ...more }))
  yield ['inputs', 8000, (size) => check({ interface: { inputs: { json: named(size, { type: 'string' }) } } })]
  yield ['inputs of one name', 8000, (size) => check({ interface: { inputs: { json: listOf(size, () => ({ name: 'A', type: 'string' })) } } })]
  yield [
    'files',
    8000,
    (size) =>
      check({ interface: { inputs: { files: named(size, { mediaTypes: ['a/b'] }) }, outputs: { files: named(size, { pattern: '*.csv' }) } } }),
  ]
  yield ['settings and mounts', 8000, (size) => check({ interface: { settings: named(size), mounts: named(size, { path: '/a' }) } })]
  yield ['errors', 8000, (size) => check({ errors: listOf(size, (no) => ({ code: no, title: 'Same' })) })]
  yield ['resources', 8000, (size) => check({ resources: { scalar: named(size, { value: 1 }) } })]
  yield ['tags', 8000, (size) => check({ tags: listOf(size, (no) => `t${no}`) })]
  yield ['configuration', 8000, (size) => check({}, { settings: Object.fromEntries(listOf(size, (no) => [`S${no}`, 'x'])) })]
  for (const piece of pieces)
    yield [`a command of ${JSON.stringify(piece)}`, large, (size) => check({ interface: { command: plainTextOf(piece, size) } })]
})
