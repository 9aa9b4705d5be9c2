import assert from 'node:assert/strict'
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { after, test } from 'node:test'
import { callAction, resultOf } from '../../../test/action.ts'
import { startHub } from '../../../test/hub.ts'

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

/** Calls an action as a browser form does, with a file. */
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

test('the address comes back with an update and keeps the file; another address makes it a link', async () => {
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

test('a new file takes the place of the old one', async () => {
  const { body: replaced } = await upload(
    'resource_update',
    { id: resource.id, url: 'update' },
    { name: 'b.json', bytes: new Uint8Array([123, 125]) },
  )
  assert.deepEqual([replaced.result.id, replaced.result.size, replaced.result.mimetype], [resource.id, 2, 'application/json'])
  assert.equal(await (await fetch(here(replaced.result.url))).text(), '{}')
})

test('nobody uploads, and a resource without file and address is refused', async () => {
  const file = { name: 'a.csv', bytes: new Uint8Array([1]) }
  const nobodys = await upload('resource_create', { package_id: 'files' }, file, '')
  assert.deepEqual([nobodys.status, nobodys.body.error?.__type], [403, 'Authorization Error'])
  const nothing = await upload('resource_create', { package_id: 'files' })
  assert.deepEqual([nothing.status, nothing.body.error?.__type], [409, 'Validation Error'])
})

test('files are read by whoever reads the dataset', async () => {
  assert.equal((await fetch(`${hub.url}/dataset/files/resource/${randomUUID()}/download/x.csv`)).status, 404)
  assert.equal((await fetch(`${hub.url}/dataset/other/resource/${resource.id}/download/x.csv`)).status, 404)
  const { url } = await resultOf<ShownResource>(hub, 'resource_show', { body: { id: resource.id } })
  await resultOf(hub, 'package_delete', { body: { id: 'files' }, key: hub.adminKey })
  assert.equal((await fetch(here(url))).status, 403)
  assert.equal((await fetch(here(url), { headers: { authorization: hub.adminKey } })).status, 200)
  assert.equal((await callAction(hub, 'resource_show', { body: { id: resource.id } })).status, 403)
})
