import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { SignJWT } from 'jose'
import { holds } from '../../../test/promise.ts'
import { sampleResource } from '../../../test/sample-data.ts'
import { getJson, postJson, postSpec, showFlow, specOf, startSourceHub, uploadAs } from '../../../test/source-hub.ts'
import { issueToken } from '../../auth/service-token.ts'
import type { UploadAnswer } from './schema.ts'

const at = await startSourceHub({ MILLRACE_SOURCE_MAX_DATASETS: '6', MILLRACE_MAX_BODY: '60000' })
after(() => at.close())
const { mona, otto } = at
const table = sampleResource('co2_concentration')
const spec = (dataset: string, more = {}) => specOf(mona, dataset, [table], more)
const { base } = at.hub.app
const tokens = { ...base, log: at.hub.http.log as never }

test('a valid spec is accepted, with ids for dataset and flow and all pipelines waiting', async () => {
  const { status, body } = await postSpec(at, spec('good'), mona.token)
  assert.equal(status, 200)
  assert.deepEqual(body, { success: true, dataset_id: `${mona.id}/good`, flow_id: `${mona.id}/good/1`, errors: [] })
  const shown = await showFlow(at, `${mona.id}/good/latest`)
  assert.deepEqual(
    { ...shown, spec_contents: undefined, modified: undefined, pipelines: Object.values(shown.pipelines) },
    {
      id: `${mona.id}/good/1`,
      spec_contents: undefined,
      modified: undefined,
      state: 'QUEUED',
      logs: [],
      error_log: [],
      stats: null,
      pipelines: [
        'Validating package contents',
        'Creating CSV',
        'Creating JSON',
        'Creating ZIP',
        'Generating views',
        'Copying source data',
        'Creating Package',
      ].map((title) => ({ title, status: 'QUEUED', stats: null, error_log: [] })),
      certified: false,
    },
  )
  holds('state QUEUED')
  assert.match(shown.modified, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  const { meta, ...rest } = shown.spec_contents as { meta: object }
  assert.deepEqual({ ...rest, meta }, { ...spec('good'), meta: { ...spec('good').meta, update_time: shown.modified } })
})

test('each revision keeps its own spec, and latest is the newest', async () => {
  await uploadAs(at, mona, spec('kept', { note: 'first' }))
  const second = await uploadAs(at, mona, spec('kept', { note: 'second' }))
  const note = async (revision: string) => ((await showFlow(at, `${mona.id}/kept/${revision}`)).spec_contents as { note: string }).note
  assert.deepEqual([await note('1'), await note('2'), await note('latest')], ['first', 'second', 'second'])
  assert.equal(second, `${mona.id}/kept/2`)
})

const expired = async () =>
  issueToken({ ...tokens, clock: () => Date.now() - 25 * 3_600_000 }, { userId: mona.id, service: 'source', permissions: {} })
const forService = (service: string) => issueToken(tokens, { userId: mona.id, service, permissions: { max_dataset_num: 9 } })
const notAuthorised = { success: false, dataset_id: null, flow_id: null, errors: ['No token or token not authorised for owner'] }

for (const [what, token] of [
  ['no token', async () => undefined],
  ['no JWT', async () => 'abc'],
  ["another user's token", async () => otto.token],
  ['an API key', async () => mona.apiKey],
  ['an expired token', expired],
  ['a token for another service', () => forService('rawstore')],
  [
    "a token keyed with the public key's text",
    async () => {
      const text = await (await fetch(`${at.hub.url}/auth/public-key`)).text()
      return new SignJWT({ userid: mona.id, service: 'source', permissions: { max_dataset_num: 9 } })
        .setProtectedHeader({ alg: 'HS256' })
        .setExpirationTime('1h')
        .sign(Buffer.from(text))
    },
  ],
] as const) {
  test(`${what} is refused for an upload, and stores nothing`, async () => {
    assert.deepEqual(await postSpec(at, spec('refused'), await token()), { status: 200, body: notAuthorised })
    assert.equal((await fetch(`${at.hub.url}/source/${mona.id}/refused/latest`)).status, 404)
  })
}

test('a sysadmin may not upload for others', async () => {
  const { token } = await getJson<{ token: string }>(`${at.hub.url}/auth/authorize?service=source`, { authorization: at.hub.adminKey })
  assert.deepEqual((await postSpec(at, spec('refused'), token)).body, notAuthorised)
})

test('a token in the query is accepted, and so is one without a service', async () => {
  const { body } = await postJson<UploadAnswer>(`${at.hub.url}/source/upload?jwt=${mona.token}`, spec('good'))
  assert.equal(body.success, true)
  assert.equal((await postSpec(at, spec('good'), await forService(''))).body.success, true)
})

const missingOwner = { success: false, dataset_id: null, flow_id: null, errors: ['Missing owner in spec'] }
const empty = { ...missingOwner, errors: ['Received empty contents (make sure your content-type is correct)'] }

for (const [what, type, body, expected] of [
  ['no body', 'application/json', '', empty],
  ['null', 'application/json', 'null', empty],
  ['another content type', 'text/plain', JSON.stringify(spec('x')), empty],
  ['a form', 'application/x-www-form-urlencoded', 'a=1', empty],
  ['a list', 'application/json', '[]', missingOwner],
  ['a text', 'application/json', '"text"', missingOwner],
  ['no meta', 'application/json', '{}', missingOwner],
  ['meta that is no object', 'application/json', '{"meta": []}', missingOwner],
  ['an owner that is no text', 'application/json', '{"meta": {"ownerid": 7}}', missingOwner],
  ['JSON by another name', 'application/vnd.api+json; charset=utf-8', '{}', missingOwner],
] as const) {
  test(`${what} is answered with the four keys and status 200`, async () => {
    const answer = await fetch(`${at.hub.url}/source/upload`, {
      method: 'POST',
      headers: { 'content-type': type, 'auth-token': mona.token },
      body: body || null,
    })
    assert.deepEqual([answer.status, await answer.json()], [200, expected])
  })
}

test('a body that is not JSON is answered 400, one that is too large or too deep 413, both with the four keys', async () => {
  for (const [text, status] of [
    ['{"meta": ', 400],
    [`{"x": "${'x'.repeat(70_000)}"}`, 413],
    ['['.repeat(100), 413],
  ] as const) {
    const answer = await postJson<UploadAnswer>(`${at.hub.url}/source/upload`, text, { 'auth-token': mona.token })
    assert.equal(answer.status, status)
    assert.deepEqual([Object.keys(answer.body), answer.body.success], [['success', 'dataset_id', 'flow_id', 'errors'], false])
  }
})

for (const [what, more, id, message] of [
  ['a bad schedule', { schedule: 'every 1s' }, `${mona.id}/good`, /^Schedule may not be shorter/],
  ['two inputs', { inputs: [{}, {}] }, `${mona.id}/good`, /^Unexpected error: Only supporting one input atm$/],
  ['a file: address', { url: 'file:///etc/x' }, `${mona.id}/good`, /^Validation failed for contents: inputs\[0\]\.url must be an http or https URL/],
  ['a dataset with a slash', { meta: { dataset: 'a/b' } }, null, /^Validation failed for contents: meta\.dataset/],
  ['no dataset', { meta: { dataset: undefined } }, null, /^Validation failed for contents: meta\.dataset/],
  ['a bad schedule and two inputs', { schedule: 7, inputs: [] }, `${mona.id}/good`, /^Schedule must be text/],
  [
    'a pattern that no engine without backtracking has',
    { processing: [{ input: 'a', output: 'b', schema: { fields: [{ name: 'x', constraints: { pattern: '(?=a)b' } }] } }] },
    `${mona.id}/good`,
    /schema\.fields\[0\]\.constraints\.pattern "\(\?=a\)b" is not a regular expression of this hub: .*look-ahead/,
  ],
] as const) {
  test(`a spec with ${what} is refused and changes nothing`, async () => {
    const before = await showFlow(at, `${mona.id}/good/latest`)
    const { status, body } = await postSpec(at, spec('good', more), mona.token)
    assert.deepEqual([status, body.success, body.dataset_id, body.flow_id, body.errors.length], [200, false, id, null, 1])
    assert.match(body.errors[0] ?? '', message)
    assert.deepEqual(await showFlow(at, `${mona.id}/good/latest`), before)
  })
}

test('concurrent uploads of one dataset get distinct numbers without a gap', async () => {
  const ids = await Promise.all([...Array(8)].map(() => uploadAs(at, mona, spec('busy'))))
  assert.deepEqual(
    ids.map((id) => Number(id.split('/')[2])).sort((a, b) => a - b),
    [1, 2, 3, 4, 5, 6, 7, 8],
  )
})

test('concurrent uploads of new datasets do not exceed the quota; further revisions are always allowed', async () => {
  const answers = await Promise.all([...Array(10).keys()].map((n) => postSpec(at, specOf(otto, `d${n}`, [table]), otto.token)))
  const taken = answers.filter(({ body }) => body.success)
  assert.equal(taken.length, 6)
  const refused = answers.find(({ body }) => !body.success)?.body
  assert.deepEqual([refused?.flow_id, refused?.errors], [null, ['Max datasets for user exceeded plan limit (6)']])
  assert.match(refused?.dataset_id ?? '', /\/d\d$/)
  const again = taken[0]?.body.dataset_id?.split('/')[1] ?? ''
  assert.equal((await postSpec(at, specOf(otto, again, [table]), otto.token)).body.success, true)
})

test('the quota is checked before the spec', async () => {
  const { body } = await postSpec(at, specOf(otto, 'new', [table], { schedule: 7 }), otto.token)
  assert.deepEqual(body.errors, ['Max datasets for user exceeded plan limit (6)'])
})

test('a token without a quota allows no new dataset', async () => {
  const token = await issueToken(tokens, { userId: mona.id, service: 'source', permissions: {} })
  assert.deepEqual((await postSpec(at, spec('one-more'), token)).body.errors, ['Max datasets for user exceeded plan limit (0)'])
})

for (const [what, path, status] of [
  ['an unknown owner', 'nobody/good/latest', 404],
  ['an unknown dataset', `${mona.id}/nothing/latest`, 404],
  ['an unknown number', `${mona.id}/good/99`, 404],
  ['number 0', `${mona.id}/good/0`, 404],
  ['a number in disguise', `${mona.id}/good/01`, 404],
  ['another word', `${mona.id}/good/newest`, 404],
  ['the last success when there is none', `${mona.id}/good/successful`, 404],
] as const) {
  test(`${what} is not found`, async () => {
    const answer = await fetch(`${at.hub.url}/source/${path}`)
    assert.equal(answer.status, status)
    assert.deepEqual(Object.keys((await answer.json()) as object), ['error'])
  })
}

test('a wrong method is answered 405 with the supported ones, and every route allows pages of other origins', async () => {
  const wrong = await fetch(`${at.hub.url}/source/upload`)
  assert.deepEqual([wrong.status, wrong.headers.get('allow')], [405, 'POST'])
  const shown = await fetch(`${at.hub.url}/source/${mona.id}/good/latest/`)
  assert.deepEqual([shown.status, shown.headers.get('access-control-allow-origin')], [200, '*'])
})

test('only its owner and sysadmins find a private dataset, with all its revisions', async () => {
  await uploadAs(at, mona, spec('good', { meta: { findability: 'private' } }))
  for (const revision of ['latest', '1']) {
    const url = `${at.hub.url}/source/${mona.id}/good/${revision}`
    const statuses = await Promise.all(
      [
        {},
        { authorization: otto.apiKey },
        { 'auth-token': otto.token },
        { authorization: mona.apiKey },
        { 'auth-token': mona.token },
        { authorization: at.hub.adminKey },
      ].map(async (headers) => (await fetch(url, { headers: headers as Record<string, string> })).status),
    )
    assert.deepEqual(statuses, [404, 404, 404, 200, 200, 200])
  }
})

test('other callers see addresses without query strings, the owner sees them unchanged', async () => {
  const url = 'https://user:word@store.example/pkg/datapackage.json?sig=1'
  const flowId = await uploadAs(at, mona, {
    ...spec('kept'),
    inputs: [
      {
        kind: 'datapackage',
        url,
        parameters: {
          descriptor: { name: 'kept', resources: [{ ...table, path: 'https://a.example/x.csv?k=2' }] },
          'resource-mapping': { other: 'https://b.example/y?k=3' },
        },
      },
    ],
  })
  const own = JSON.stringify(await showFlow(at, flowId, { authorization: mona.apiKey }))
  const other = JSON.stringify(await showFlow(at, flowId))
  for (const secret of ['sig=1', 'k=2', 'k=3', 'word']) {
    assert.ok(own.includes(secret))
    assert.ok(!other.includes(secret))
  }
  for (const kept of ['store.example/pkg/datapackage.json', 'a.example/x.csv', 'b.example/y']) assert.ok(other.includes(kept))
})
