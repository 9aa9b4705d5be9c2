import assert from 'node:assert/strict'
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { callAction, resultOf } from '../../../test/action.ts'
import { startHub } from '../../../test/hub.ts'
import { addUser } from '../../auth/user.ts'

const siteUrl = 'http://hub.example'
const hub = await startHub({ MILLRACE_SITE_URL: siteUrl }, { http: true, workers: false })
after(() => hub.close())

interface ShownResource {
  id: string
  url: string
  url_type: string | null
  size: number | null
  format: string
  mimetype: string | null
  last_modified: string | null
}

const bytes = randomBytes(300_000)

/** Calls an action with a file, as a browser form does. */
async function upload(
  name: string,
  fields: Record<string, string>,
  file?: { name: string; bytes: Uint8Array<ArrayBuffer> },
  key: string | undefined = hub.adminKey,
) {
  const form = new FormData()
  for (const [field, value] of Object.entries(fields)) form.append(field, value)
  if (file) form.append('upload', new Blob([file.bytes]), file.name)
  const response = await fetch(`${hub.url}/api/3/action/${name}`, { method: 'POST', body: form, headers: key ? { authorization: key } : {} })
  return { status: response.status, body: (await response.json()) as { success: boolean; result: ShownResource; error?: { __type: string } } }
}

const here = (url: string) => hub.url + url.slice(siteUrl.length)

await resultOf(hub, 'package_create', { body: { name: 'files' }, key: hub.adminKey })
const { body } = await upload(
  'resource_create',
  { package_id: 'files', url: 'upload', name: 'Data' },
  { name: 'Größe & Zahl (1).CSV', bytes: new Uint8Array(bytes) },
)
const resource = body.result

test('an uploaded file makes a resource with its size, type and address', () => {
  assert.equal(resource.url_type, 'upload')
  assert.match(resource.url, new RegExp(`^${siteUrl}/dataset/[0-9a-f-]{36}/resource/${resource.id}/download/[a-z0-9.-]+\\.csv$`))
  assert.deepEqual([resource.size, resource.format, resource.mimetype, typeof resource.last_modified], [bytes.length, 'CSV', 'text/csv', 'string'])
})

test('it downloads byte for byte, whole and in ranges, with its name', async () => {
  const whole = await fetch(here(resource.url))
  assert.equal(whole.status, 200)
  assert.equal(whole.headers.get('content-length'), String(bytes.length))
  assert.match(whole.headers.get('content-disposition') ?? '', /^attachment; filename=".+\.csv"/)
  assert.match(whole.headers.get('content-type') ?? '', /^text\/csv/)
  const digest = (content: Uint8Array) => createHash('sha256').update(content).digest('hex')
  assert.equal(digest(new Uint8Array(await whole.arrayBuffer())), digest(bytes))
  const range = await fetch(here(resource.url), { headers: { range: 'bytes=10-19' } })
  assert.equal(range.status, 206)
  assert.deepEqual(Buffer.from(await range.arrayBuffer()), bytes.subarray(10, 20))
  const head = await fetch(here(resource.url), { method: 'HEAD' })
  assert.deepEqual([head.status, head.headers.get('content-length')], [200, String(bytes.length)])
})

test('an update that sends the file’s own address keeps the file; another address makes it a link', async () => {
  const shown = await resultOf<ShownResource>(hub, 'resource_show', { body: { id: resource.id } })
  const kept = await resultOf<ShownResource>(hub, 'resource_update', { body: { ...shown, description: 'Bytes' }, key: hub.adminKey })
  assert.deepEqual([kept.url, kept.url_type, (await fetch(here(kept.url))).status], [resource.url, 'upload', 200])
  const whole = await resultOf<Record<string, unknown>>(hub, 'package_show', { body: { id: 'files' } })
  await resultOf(hub, 'package_update', { body: { ...whole, title: 'Files' }, key: hub.adminKey })
  assert.equal((await fetch(here(kept.url))).status, 200)
  const second = (await upload('resource_create', { package_id: 'files' }, { name: 'a.zip', bytes: new Uint8Array([1]) })).body.result
  const link = await resultOf<ShownResource>(hub, 'resource_patch', {
    body: { id: second.id, url: 'http://elsewhere.example/a.csv', clear_upload: true },
    key: hub.adminKey,
  })
  assert.deepEqual([link.url, link.url_type], ['http://elsewhere.example/a.csv', null])
  const redirected = await fetch(here(second.url), { redirect: 'manual' })
  assert.deepEqual([redirected.status, redirected.headers.get('location')], [302, 'http://elsewhere.example/a.csv'])
})

test('a new file replaces the old one', async () => {
  const { body: replaced } = await upload(
    'resource_update',
    { id: resource.id, url: 'update' },
    { name: 'b.json', bytes: new Uint8Array([123, 125]) },
  )
  assert.deepEqual([replaced.result.id, replaced.result.size, replaced.result.mimetype], [resource.id, 2, 'application/json'])
  assert.equal(await (await fetch(here(replaced.result.url))).text(), '{}')
})

test('an anonymous upload is refused, and so is a resource without file and address', async () => {
  const file = { name: 'a.csv', bytes: new Uint8Array([1]) }
  const nobodys = await upload('resource_create', { package_id: 'files' }, file, '')
  assert.deepEqual([nobodys.status, nobodys.body.error?.__type], [403, 'Authorization Error'])
  const nothing = await upload('resource_create', { package_id: 'files' })
  assert.deepEqual([nothing.status, nothing.body.error?.__type], [409, 'Validation Error'])
})

test('callers who may read the dataset may read its files', async () => {
  assert.equal((await fetch(`${hub.url}/dataset/files/resource/${randomUUID()}/download/x.csv`)).status, 404)
  assert.equal((await fetch(`${hub.url}/dataset/other/resource/${resource.id}/download/x.csv`)).status, 404)
  const { url } = await resultOf<ShownResource>(hub, 'resource_show', { body: { id: resource.id } })
  await resultOf(hub, 'package_delete', { body: { id: 'files' }, key: hub.adminKey })
  assert.equal((await fetch(here(url))).status, 403)
  assert.equal((await fetch(here(url), { headers: { authorization: hub.adminKey } })).status, 200)
  assert.equal((await callAction(hub, 'resource_show', { body: { id: resource.id } })).status, 403)
})

test('length, type and name of a stored file are the file’s, whatever a client sends', async () => {
  await resultOf(hub, 'package_create', { body: { name: 'facts' }, key: hub.adminKey })
  const file = { name: 'Отчёт за май.csv', bytes: new Uint8Array([97, 44, 98, 10]) }
  const made = (await upload('resource_create', { package_id: 'facts', size: '42000000', mimetype: 'text/html' }, file)).body.result
  const claims = { size: 42_000_000, mimetype: 'text/html', url_type: 'datapusher', hash: 'abc' }
  const patched = await resultOf<ShownResource>(hub, 'resource_patch', { body: { id: made.id, ...claims }, key: hub.adminKey })
  const whole = await resultOf<{ resources: ShownResource[] }>(hub, 'package_show', { body: { id: 'facts' } })
  const sent = { ...whole, resources: [{ ...whole.resources[0], ...claims }] }
  const [updated] = (await resultOf<{ resources: ShownResource[] }>(hub, 'package_update', { body: sent, key: hub.adminKey })).resources
  const name = encodeURIComponent('отчёт-за-май.csv')
  for (const shown of [made, patched, updated]) {
    assert.deepEqual([shown?.size, shown?.mimetype, shown?.format, shown?.url.split('/').at(-1)], [4, 'text/csv', 'CSV', name])
  }
  const answer = await fetch(here(made.url))
  assert.deepEqual([answer.headers.get('content-length'), answer.headers.get('content-type')], ['4', 'text/csv; charset=utf-8'])
  assert.equal(answer.headers.get('content-disposition'), `attachment; filename="_____-__-___.csv"; filename*=UTF-8''${name}`)
  assert.equal(await answer.text(), 'a,b\n')
  // A row of an earlier version, which accepted such values.
  await overwrite(made.id, { size: 42_000_000, mimetype: 'text/html\r\nX: 1' })
  const old = await fetch(here(made.url))
  assert.deepEqual([old.status, old.headers.get('content-type'), await old.text()], [200, 'text/csv; charset=utf-8', 'a,b\n'])
  assert.equal((await fetch(here(made.url), { method: 'HEAD' })).headers.get('content-length'), '4')
})

test('a file of any name keeps its suffix, and downloads whatever its resource says', async () => {
  await resultOf(hub, 'package_create', { body: { name: 'names' }, key: hub.adminKey })
  const names = [
    '.csv',
    '—.csv',
    '東京.CSV',
    'ガ.csv',
    '../../etc/passwd.csv',
    'a\u0301 b.csv',
    `${'я'.repeat(300)}.csv`,
    'x;y="z".csv',
    '%2e%2e%2f.csv',
  ]
  const stored = ['file', 'file', '東京', 'ガ', 'passwd', 'a-b', 'я'.repeat(96), 'x-y-22z-22', '2e-2e-2f']
  for (const [at, name] of names.entries()) {
    const made = (await upload('resource_create', { package_id: 'names' }, { name, bytes: new Uint8Array([at]) })).body.result
    assert.deepEqual([made.format, made.mimetype, decodeURIComponent(made.url.split('/').at(-1) ?? '')], ['CSV', 'text/csv', `${stored[at]}.csv`])
    const answer = await fetch(here(made.url))
    assert.deepEqual([answer.status, [...new Uint8Array(await answer.arrayBuffer())]], [200, [at]])
  }
  const unnamed = (await upload('resource_create', { package_id: 'names', mimetype: 'chemical/x-pdb' }, { name: 'file', bytes: new Uint8Array([1]) }))
    .body.result
  await overwrite(unnamed.id, { mimetype: 'ä/b' })
  const { status, headers } = await fetch(here(unnamed.url))
  assert.deepEqual([unnamed.mimetype, status, headers.get('content-type')], ['chemical/x-pdb', 200, 'application/octet-stream'])
})

test('a media type that is unsafe in a header is refused; a stored one stays when the rest of its resource changes', async () => {
  const { id } = await resultOf<{ id: string }>(hub, 'package_create', {
    body: { name: 'types', resources: [{ url: 'http://a.example/x' }] },
    key: hub.adminKey,
  })
  const [first] = (await resultOf<{ resources: ShownResource[] }>(hub, 'package_show', { body: { id } })).resources
  for (const mimetype of ['text/html\r\nX: 1', 'text/größe', '\t', `text/${'x'.repeat(300)}`]) {
    const { status, body: answer } = await callAction(hub, 'resource_patch', { body: { id: first?.id, mimetype }, key: hub.adminKey })
    assert.deepEqual([status, Object.keys(answer.error ?? {})], [409, ['mimetype', '__type']])
    const whole = await callAction(hub, 'package_patch', { body: { id, resources: [{ ...first, mimetype }] }, key: hub.adminKey })
    assert.equal(whole.status, 409)
  }
  await overwrite(first?.id ?? '', { mimetype: 'text/größe' })
  const resources = [{ ...first, mimetype: 'text/größe', description: 'Edited' }]
  const kept = await resultOf<{ resources: ShownResource[] }>(hub, 'package_patch', { body: { id, resources }, key: hub.adminKey })
  assert.equal(kept.resources[0]?.mimetype, 'text/größe')
  await resultOf(hub, 'resource_update', { body: { ...kept.resources[0], name: 'Named' }, key: hub.adminKey })
})

test('the path of a link sets format and media type if the client sends none, and a new address sets them again', async () => {
  const create = (body: object) => resultOf<ShownResource>(hub, 'resource_create', { body: { package_id: 'types', ...body }, key: hub.adminKey })
  const typeOf = ({ format, mimetype }: ShownResource) => [format, mimetype]
  const rows: [object, string, string | null][] = [
    [{ url: 'http://a.example/x.CSV?version=2#top' }, 'CSV', 'text/csv'],
    [{ url: 'https://a.example/map.geojson' }, 'GeoJSON', 'application/geo+json'],
    [{ url: 'http://a.example/page.htm' }, 'HTML', 'text/html'],
    [{ url: 'http://a.example/rows.ndjson' }, 'JSON Lines', 'application/x-ndjson'],
    [{ url: 'http://a.example/x.csv', format: 'Comma', mimetype: 'text/x' }, 'Comma', 'text/x'],
    [{ url: 'http://a.example/x.csv', format: '', mimetype: '' }, '', ''],
    [{ url: 'http://a.example/x.csv', format: null }, 'CSV', 'text/csv'],
    ...['http://data.example.org', 'http://a.example/get?file=x.csv', 'http://a.example/index.php', 'x.csv', 'http://a.example/x.unheardof'].map(
      (url): [object, string, null] => [{ url }, '', null],
    ),
  ]
  for (const [body, format, mimetype] of rows) assert.deepEqual(typeOf(await create(body)), [format, mimetype], JSON.stringify(body))
  const { id } = await create({ url: 'http://a.example/x.csv' })
  const patch = (body: object) => resultOf<ShownResource>(hub, 'resource_patch', { body: { id, ...body }, key: hub.adminKey })
  assert.deepEqual(typeOf(await patch({ url: 'http://a.example/x.json' })), ['JSON', 'application/json'])
  // Earlier versions of the hub stored guessed formats in capitals.
  await patch({ url: 'http://a.example/x.geojson', format: 'GEOJSON' })
  assert.deepEqual(typeOf(await patch({ url: 'http://a.example/y.json' })), ['JSON', 'application/json'])
  assert.deepEqual(typeOf(await patch({ format: 'Trees' })), ['Trees', 'application/json'])
  assert.deepEqual(typeOf(await patch({ url: 'http://a.example/x' })), ['Trees', null])
})

test('files for actions without uploads, a second file, and a removed file without a new address are refused', async () => {
  const file = { name: 'a.csv', bytes: new Uint8Array([1]) }
  const none = await upload('package_create', { name: 'with-file' }, file)
  assert.deepEqual([none.status, none.body.error], [409, { upload: ['This action takes no file'], __type: 'Validation Error' }])
  const form = new FormData()
  form.append('package_id', 'types')
  for (const part of ['upload', 'upload']) form.append(part, new Blob(['x']), 'a.csv')
  const answer = await fetch(`${hub.url}/api/3/action/resource_create`, { method: 'POST', body: form, headers: { authorization: hub.adminKey } })
  assert.equal(answer.status, 409)
  const { id } = (await upload('resource_create', { package_id: 'types' }, file)).body.result
  for (const body of [
    { id, clear_upload: true },
    { id, clear_upload: 'true', description: 'x' },
  ]) {
    assert.equal((await callAction(hub, 'resource_patch', { body, key: hub.adminKey })).status, 409)
  }
})

test('no byte is kept from a caller without the right to change the dataset, in any order of the fields', async () => {
  const key = (await addUser(hub.app.base, { name: 'stranger', password: 'a-password' })).apiKey
  await resultOf(hub, 'organization_create', { body: { name: 'owners' }, key: hub.adminKey })
  const body = { name: 'owned', owner_org: 'owners', resources: [{ url: 'http://a.example' }] }
  const { resources } = await resultOf<{ resources: ShownResource[] }>(hub, 'package_create', { body, key: hub.adminKey })
  const before = await storedFiles()
  const large = new Uint8Array(randomBytes(5_000_000))
  for (const caller of [key, 'nobody-has-this-key']) {
    for (const [name, field, value] of [
      ['resource_create', 'package_id', 'owned'],
      ['resource_update', 'id', resources[0]?.id ?? ''],
      ['resource_patch', 'id', resources[0]?.id ?? ''],
    ] as const) {
      for (const isFileFirst of [false, true]) {
        const form = new FormData()
        if (!isFileFirst) form.append(field, value)
        form.append('upload', new Blob([large]), 'a.csv')
        if (isFileFirst) form.append(field, value)
        const answer = await fetch(`${hub.url}/api/3/action/${name}`, { method: 'POST', body: form, headers: { authorization: caller } })
        assert.equal(answer.status, 403, `${name} ${isFileFirst}`)
      }
    }
  }
  assert.equal((await upload('resource_create', { package_id: 'nowhere' }, { name: 'a.csv', bytes: large })).status, 404)
  assert.equal((await upload('resource_create', { package_id: 'owned', mimetype: 'ä' }, { name: 'a.csv', bytes: large })).status, 409)
  assert.deepEqual(await storedFiles(), before)
})

/** Changes a row to a state that an earlier version may have stored. */
const overwrite = (id: string, values: { size?: number; mimetype?: string }) =>
  hub.app.base.store.write(({ db }) => db.updateTable('resource').set(values).where('id', '=', id).execute())

/** Every file below the hub's folder of files, finished or not. */
async function storedFiles(): Promise<string[]> {
  const folder = join(hub.environment['MILLRACE_DATA_DIR'] ?? '', 'files')
  return (await readdir(folder, { recursive: true, withFileTypes: true })).filter((one) => one.isFile()).map((one) => one.name)
}
