import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CkanLowLevelClient, CkanNotFoundError, CkanProtocolError } from '../index.ts'
import { isRecord } from '../record.ts'
import { inOrder, refusal, type Script, type ScriptedServer, success } from '../testing/scripted-server.ts'
import { withServer } from '../testing/with-server.ts'

const quick = { retryBaseMs: 1 }
const bodyOf = (server: ScriptedServer, at = 0): unknown => JSON.parse(server.seen[at]?.body ?? '')

test('an action is a POST of JSON to api/3/action, and its result comes back', () =>
  withServer(
    () => success({ id: 'x' }),
    async (server) => {
      const client = new CkanLowLevelClient(server.url, { apiKey: 'secret-key', headers: { 'X-Trace': '7' } })
      assert.deepEqual(await client.action('package_show', { id: 'x' }), { id: 'x' })
      const [request] = server.seen
      assert.equal(request?.method, 'POST')
      assert.equal(request?.path, '/api/3/action/package_show')
      assert.deepEqual(bodyOf(server), { id: 'x' })
      assert.equal(request?.headers.authorization, 'secret-key')
      assert.equal(request?.headers['content-type'], 'application/json')
      assert.equal(request?.headers.accept, 'application/json')
      assert.equal(request?.headers['x-trace'], '7')
      assert.match(request?.headers['user-agent'] ?? '', /^millrace-client\/\d/)
      await client.action('site_read')
      assert.deepEqual(bodyOf(server, 1), {})
    },
  ))

test('a base URL keeps its sub-path, with or without trailing slashes', () =>
  withServer(
    () => success([]),
    async (server) => {
      for (const end of ['', '/', '//']) {
        const client = new CkanLowLevelClient(`${server.url}/data/ckan${end}`)
        assert.equal(client.baseUrl, `${server.url}/data/ckan`)
        await client.listDatasets()
        await client.request('GET', '/job')
      }
      const paths = server.seen.map((request) => request.path)
      assert.deepEqual([...new Set(paths)], ['/data/ckan/api/3/action/package_list', '/data/ckan/job'])
    },
  ))

test('a base URL that is no absolute http address is refused', () => {
  for (const url of ['', 'data.example.org', '/ckan', 'ftp://data.example.org', 'http://user:pass@data.example.org', 'http://x.example/?a=1']) {
    assert.throws(() => new CkanLowLevelClient(url), TypeError, url)
  }
})

test('useless options and arguments are TypeErrors, and nothing is sent', () =>
  withServer(
    () => success({}),
    async (server) => {
      const client = new CkanLowLevelClient(server.url)
      const rejected: [string, () => unknown][] = [
        ['slash in an action name', () => client.action('package_show/../x')],
        ['empty action name', () => client.action('')],
        ['nested GET parameter', () => client.action('package_search', { filters: { a: 1 } }, { method: 'GET' })],
        ['list of objects in a GET', () => client.action('package_search', { fq: [{}] }, { method: 'GET' })],
        ['files with GET', () => client.action('resource_show', {}, { method: 'GET', files: { upload: new Blob(['x']) } })],
        ['nested parameter beside files', () => client.action('resource_create', { tags: ['a'] }, { files: { upload: new Blob(['x']) } })],
        ['empty reference', () => client.getDataset('')],
        ['update without id', () => client.updateDataset({ name: 'x' })],
        ['patch without id', () => client.patchGroup({ name: 'x' })],
        ['dot segment', () => client.request('GET', ['source', '..', 'x'])],
        ['empty segment', () => client.request('GET', ['source', '', 'x'])],
        ['page of no rows', async () => client.iterDatasets({ pageSize: 0 })],
      ]
      for (const [what, call] of rejected) await assert.rejects(async () => call(), TypeError, what)
      for (const options of [{ timeoutMs: -1 }, { retries: Number.NaN }, { requestsPerSecond: 0 }, { apiKey: 'line\nbreak' }]) {
        assert.throws(() => new CkanLowLevelClient(server.url, options), TypeError, JSON.stringify(options))
      }
      assert.equal(server.seen.length, 0)
    },
  ))

test('a GET carries scalars and lists of scalars in its query and no body', () =>
  withServer(
    () => success({}),
    async (server) => {
      const client = new CkanLowLevelClient(server.url)
      await client.action('package_search', { q: 'a&b', rows: 5, fq: ['x', 'y'], none: null, missing: undefined, deep: true }, { method: 'GET' })
      assert.equal(server.seen[0]?.path, '/api/3/action/package_search?q=a%26b&rows=5&fq=x&fq=y&deep=true')
      assert.equal(server.seen[0]?.body, '')
    },
  ))

test('files go out as multipart beside flat parameters, nulls left out', () =>
  withServer(
    () => success({}),
    async (server) => {
      const client = new CkanLowLevelClient(server.url)
      const upload = new File(['a,b\n'], 'data.csv', { type: 'text/csv' })
      await client.action('resource_create', { package_id: 'p', size: 4, format: null }, { files: { upload } })
      const [request] = server.seen
      assert.match(request?.headers['content-type'] ?? '', /^multipart\/form-data; boundary=/)
      assert.match(request?.body ?? '', /name="package_id"\r\n\r\np\r\n/)
      assert.match(request?.body ?? '', /name="size"\r\n\r\n4\r\n/)
      assert.match(request?.body ?? '', /name="upload"; filename="data.csv"/)
      assert.doesNotMatch(request?.body ?? '', /format/)
    },
  ))

test('the anonymous copy sends no key and the original keeps its own', () =>
  withServer(
    () => success([]),
    async (server) => {
      const client = new CkanLowLevelClient(server.url, { apiKey: 'secret-key' })
      await client.anonymous.listDatasets()
      await client.withApiKey('other-key').listDatasets()
      await client.listDatasets()
      assert.deepEqual(
        server.seen.map((request) => request.headers.authorization),
        [undefined, 'other-key', 'secret-key'],
      )
    },
  ))

test('request reaches other routes with JSON in and out, and encodes segments', () =>
  withServer(
    (request) => (request.path.startsWith('/plain') ? { body: 'a,b\n', headers: { 'content-type': 'text/csv' } } : { status: 201, body: { ok: 1 } }),
    async (server) => {
      const client = new CkanLowLevelClient(server.url)
      const created = await client.request('post', ['source', 'a/b', 'c d', ''], { body: { x: 1 }, query: { jwt: 't', all: null } })
      assert.equal(created.status, 201)
      assert.deepEqual(created.data, { ok: 1 })
      assert.equal(server.seen[0]?.method, 'POST')
      assert.equal(server.seen[0]?.path, '/source/a%2Fb/c%20d/?jwt=t')
      assert.deepEqual(bodyOf(server), { x: 1 })
      const text = await client.request('GET', 'plain?x=1')
      assert.equal(text.data, 'a,b\n')
      assert.equal(text.headers.get('content-type'), 'text/csv')
    },
  ))

test('an absolute path of request stays below the base URL', () =>
  withServer(
    () => ({ body: {} }),
    async (server) => {
      const client = new CkanLowLevelClient(server.url)
      await client.request('GET', '//elsewhere.example/x')
      await client.request('GET', 'http://elsewhere.example/x')
      assert.deepEqual(
        server.seen.map((request) => request.path),
        ['//elsewhere.example/x', '/http://elsewhere.example/x'],
      )
    },
  ))

test('names of groups are read page by page although the server caps the pages', () => {
  const all = ['a', 'b', 'c', 'd', 'e']
  const capped: Script = (request) => {
    const { offset } = JSON.parse(request.body)
    return success(all.slice(offset, offset + 2))
  }
  return withServer(capped, async (server) => {
    const client = new CkanLowLevelClient(server.url)
    assert.deepEqual(await client.listGroups(), all)
    assert.deepEqual(await client.listOrganizations(), all)
  })
})

test('a server that ignores offsets gives its whole list of groups once', () =>
  withServer(
    () => success(['a', 'b']),
    async (server) => assert.deepEqual(await new CkanLowLevelClient(server.url).listGroups(), ['a', 'b']),
  ))

test('datasets are iterated over capped, shifting pages, each once', () => {
  const ids = ['1', '2', '3', '4', '5', '6', '7']
  let calls = 0
  const shifting: Script = (request) => {
    const { start } = JSON.parse(request.body)
    if (calls++ === 1) ids.unshift('0') // a record added meanwhile pushes the rest along
    return success({ count: 7, results: ids.slice(start, start + 3).map((id) => ({ id })) })
  }
  return withServer(shifting, async (server) => {
    const found: unknown[] = []
    for await (const dataset of new CkanLowLevelClient(server.url).iterDatasets({ q: 'x', pageSize: 1000 })) found.push(dataset['id'])
    assert.deepEqual(found, ['1', '2', '3', '4', '5', '6', '7'])
    assert.deepEqual(bodyOf(server), { q: 'x', sort: 'id asc', rows: 1000, start: 0 })
  })
})

test('the next page is requested ahead only with readAhead, and leaving the loop aborts a pending request', async () => {
  let asked = 0
  let isAsked: () => void = () => undefined
  const pages: Script = (request) => {
    const { start } = JSON.parse(request.body)
    if (++asked === 2) isAsked()
    return start === 0 ? success({ results: [{ id: '1' }, { id: '2' }] }) : { fault: 'hang' }
  }
  await withServer(pages, async ({ url }) => {
    const client = new CkanLowLevelClient(url, { timeoutMs: 0 })
    const plain = client.iterDatasets()
    await plain.next()
    await plain.return()
    assert.equal(asked, 1)
    asked = 0
    const second = new Promise<void>((resolve) => {
      isAsked = resolve
    })
    const ahead = client.iterDatasets({ readAhead: true })
    assert.deepEqual((await ahead.next()).value, { id: '1' })
    await second
    await ahead.return()
    assert.deepEqual([asked, (await ahead.next()).done], [2, true])
  })
})

test('private and draft datasets are asked for when there is a key', () =>
  withServer(
    () => success({ results: [] }),
    async (server) => {
      const client = new CkanLowLevelClient(server.url, { apiKey: 'secret-key' })
      for await (const _ of client.iterDatasets()) assert.fail('there is none')
      for await (const _ of client.iterDatasets({ includeDrafts: false })) assert.fail('there is none')
      assert.deepEqual(bodyOf(server), { sort: 'id asc', rows: 100, start: 0, include_private: true, include_drafts: true })
      const second = bodyOf(server, 1)
      assert.ok(isRecord(second) && !('include_drafts' in second))
    },
  ))

test('pages that do not advance are an error, not an endless loop', () =>
  withServer(
    () => success({ results: [{ id: '1' }] }),
    async (server) => {
      const read = async () => {
        for await (const _ of new CkanLowLevelClient(server.url).iterDatasets());
      }
      await assert.rejects(read, (error) => error instanceof CkanProtocolError && /does not advance/.test(error.message))
    },
  ))

test('a result of the wrong type is a protocol error', () =>
  withServer(
    () => success(['x', 1]),
    async (server) => {
      const client = new CkanLowLevelClient(server.url)
      for (const call of [() => client.listDatasets(), () => client.getDataset('x'), () => client.listLicenses(), () => client.createGroup({})]) {
        await assert.rejects(call, (error) => error instanceof CkanProtocolError && error.status === 200)
      }
    },
  ))

test('shortcuts call the action that their name says', () =>
  withServer(
    () => success({}),
    async (server) => {
      const client = new CkanLowLevelClient(server.url)
      await client.getGroup('g')
      await client.getOrganization('o')
      await client.createDataset({ name: 'd' })
      await client.updateOrganization({ id: 'o' })
      await client.patchDataset({ id: 'd', title: 'T' })
      await client.deleteDataset('d')
      await client.purgeDataset('d')
      await client.deleteGroup('g')
      await client.deleteOrganization('o', { purge: false })
      const calls = server.seen.map((request) => `${request.path.split('/').at(-1)} ${request.body}`)
      assert.deepEqual(calls, [
        'group_show {"id":"g"}',
        'organization_show {"id":"o"}',
        'package_create {"name":"d"}',
        'organization_update {"id":"o"}',
        'package_patch {"id":"d","title":"T"}',
        'package_delete {"id":"d"}',
        'dataset_purge {"id":"d"}',
        'group_delete {"id":"g"}',
        'group_purge {"id":"g"}',
        'organization_delete {"id":"o"}',
      ])
    },
  ))

test('deleting what is not there is fine unless it matters; a 404 page of a proxy is not taken for it', async () => {
  const missing = refusal(404, { __type: 'Not Found Error', message: 'Not found' })
  await withServer(inOrder(missing, success({}), missing, { status: 404, body: '<h1>No such page</h1>' }), async (server) => {
    const client = new CkanLowLevelClient(server.url, quick)
    await client.deleteGroup('g') // deleted before, purged now
    await assert.rejects(client.deleteDataset('d', { ignoreNotFound: false }), CkanNotFoundError)
    await assert.rejects(client.deleteDataset('d'), { code: 'HTTP', status: 404 })
    assert.equal(server.seen.length, 4)
  })
})
