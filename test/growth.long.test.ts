import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { InjectOptions } from 'fastify'
import { actions } from '../src/http/action/actions.ts'
import { startHub } from './hub.ts'
import { leg } from './store.ts'

// Work may grow as fast as what is asked for, not faster. Compared is the CPU time of the hub's process at a size and at a quarter of it, the least
// of several tries: a factor of 4 is right, 16 would be quadratic. What takes a few milliseconds at its largest is not looked at further.

const maxFactor = 6
const floorMs = 30
/** Five tries say enough on a quiet machine; a busy one gets more before it is called a fault. */
const tries = 15

const skip = leg !== 'sqlite' && 'what is measured is the work of the hub itself'
const hub = await startHub({}, { http: true, workers: false })
after(() => hub.close())

const description: Description = (await hub.http.inject('/openapi.json')).json()

type Run = (size: number) => unknown

async function cpuMs(run: Run, size: number): Promise<number> {
  const before = process.cpuUsage()
  await run(size)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

/** What is wrong with the growth of some work, if anything. `size` is the largest that is allowed, or a megabyte. */
async function objectionTo(name: string, size: number, run: Run): Promise<string | undefined> {
  let large = await cpuMs(run, size)
  let small = large > floorMs ? await cpuMs(run, Math.ceil(size / 4)) : large
  for (let no = 1; no < tries && large > floorMs && large > 0.8 * maxFactor * small; no++) {
    large = Math.min(large, await cpuMs(run, size))
    small = Math.min(small, await cpuMs(run, Math.ceil(size / 4)))
  }
  if (process.env['PROBE'] && large > 60) console.error(`probe ${name} ${size}: ${large.toFixed(0)} ms, quarter ${small.toFixed(0)}`)
  return large > floorMs && large > maxFactor * small ? `${name}: ${large.toFixed(0)} ms at ${size}, ${small.toFixed(0)} ms at a quarter` : undefined
}

/** One test of many cases; all that grow too fast are named together. */
function growthTest(name: string, cases: () => Iterable<readonly [string, number, Run]>): void {
  test(name, { skip }, async () => {
    const objections: string[] = []
    for (const [what, size, run] of cases()) {
      const objection = await objectionTo(what, size, run)
      if (objection !== undefined) objections.push(objection)
    }
    assert.deepEqual(objections, [])
  })
}

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

const mebibyte = 1024 * 1024
/** A text of so many characters, made of one piece, with an end that makes patterns fail. */
const textOf = (piece: string, length: number) => `${piece.repeat(Math.ceil(length / piece.length))}x\u0001`.slice(0, length + 2)
const pieces = [
  ...[
    'a',
    ' ',
    '\n',
    '\t',
    '[',
    '](',
    '![](',
    '{',
    '(',
    ')',
    '"',
    "'",
    '\\',
    '*',
    '**a',
    '_a',
    '`',
    '```\n',
    '<',
    '<a ',
    '&',
    '&#',
    '%',
    '+',
    '=',
    '.',
    '-',
    '/',
    ':',
    '~',
    '1',
    '#',
  ],
  ...[
    'é',
    '\u0301',
    '𝒳',
    '東',
    'a b ',
    'a:b ',
    'a* ',
    'a OR ',
    '-a ',
    '"a" ',
    '[a TO b] ',
    'a,',
    '> ',
    '- ',
    '1. ',
    '| ',
    '|-',
    'http://a.b ',
    '\r\n\r\n',
    'tag:a ',
    '!',
    '^2',
    'a~2 ',
  ],
]
let made = 0

const bodies: Readonly<Record<string, (size: number) => string>> = {
  'a form with one name': (size) => 'a=1&'.repeat(size / 4),
  'a form with many names': (size) => [...Array(Math.floor(size / 10)).keys()].map((no) => `a${no}=1`).join('&'),
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
  'an object of many keys': (size) => `{${[...Array(Math.floor(size / 10)).keys()].map((no) => `"k${no}":1`).join(',')}}`,
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
    for (const url of readers) yield [`POST ${url}, ${name}`, mebibyte, (size) => post(url, make(size), type)] as const
  }
})

growthTest('a job with every kind of data and metadata', function* () {
  for (const [name, make] of Object.entries(bodies)) {
    if (!make(30).startsWith('{')) continue
    for (const key of ['data', 'metadata', 'api_key', 'job_type', 'result_url']) {
      const submit = (size: number) => post('/job', `{"job_type":"echo_async","api_key":"k","data":"x","${key}":${make(size)}}`)
      yield [`POST /job, ${key}: ${name}`, mebibyte, submit] as const
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

const listOf = (size: number, make: (no: number) => unknown) => [...Array(size).keys()].map(make)
const values: Readonly<Record<string, (size: number) => unknown>> = {
  text: (size) => 'a b '.repeat(size * 4),
  texts: (size) => listOf(size, (no) => `text ${no}`),
  objects: (size) => listOf(size, (no) => ({ key: `k${no}`, name: `n${no}`, value: `v${no}`, url: `http://a.b/${no}`, id: `i${no}` })),
  'an object': (size) => Object.fromEntries(listOf(size, (no) => [`k${no}`, `v${no}`]) as [string, string][]),
}

growthTest('every parameter of every action, as a long text, list and object', function* () {
  for (const [name, action] of actions) {
    for (const parameter of Object.keys(action.input.properties)) {
      for (const [kind, make] of Object.entries(values)) {
        const call = (size: number) => callAction(name, { id: 'x', name: `n${made++}`, [parameter]: make(size) })
        yield [`${name} ${parameter}: ${kind}`, 8000, call] as const
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
      const query = (size: number) => [...Array(Math.min(1000, Math.floor(size / 12))).keys()].map((no) => `k${no}=v${no}`).join('&')
      yield [`${method} ${path}, long names`, 12_000, (size) => call(filled('a'.repeat(size)))] as const
      yield [`${method} ${path}, slashes`, 12_000, (size) => call(`${filled('x')}${'/'.repeat(size)}x`)] as const
      yield [`${method} ${path}, parameters`, 12_000, (size) => call(`${filled('x')}?${query(size)}`)] as const
      if (method !== 'get')
        yield [`${method} ${path}, body`, mebibyte, (size) => call(filled('x'), JSON.stringify({ a: textOf('a b ', size) }))] as const
    }
  }
})

const headerNames = [
  ...['accept', 'accept-encoding', 'accept-language', 'access-control-request-headers', 'auth-token', 'authorization', 'content-type', 'cookie'],
  ...[
    'idempotency-key',
    'if-modified-since',
    'if-none-match',
    'last-event-id',
    'origin',
    'range',
    'sec-fetch-site',
    'x-ckan-api-key',
    'x-forwarded-for',
  ],
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
