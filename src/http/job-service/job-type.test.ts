import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { adminKey, startHub } from '../../../test/hub.ts'
import { buildManifest } from '../../../test/job-types.ts'

const hub = await startHub()
after(hub.close)

async function post(path: string, body: object, headers: Record<string, string> = {}): Promise<{ status: number; body: Record<string, unknown> }> {
  const answer = await fetch(hub.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
}
const submit = (jobType: string) => post('/job', { job_type: jobType, data: 'ping', api_key: 'k' })

test('a function may be named with its version and its revision; other ones are not available', async () => {
  for (const name of ['echo', 'echo:1.0.0', 'echo:1.0.0:1']) {
    const { status, body } = await submit(name)
    assert.deepEqual([status, body['job_type'], body['data']], [200, 'echo', '>ping'], name)
  }
  for (const name of ['echo:2.0.0', 'echo:1.0.0:2', 'echo:', 'source-pipeline:1.0.0']) {
    const { status, body } = await submit(name)
    assert.equal(status, 409, name)
    assert.ok(String(body['error']).startsWith(`Job type ${name} not available. Available job types are `))
  }
})

test('a registered container is not available: no executor runs it', async () => {
  const registered = await post('/v6/job-types', { docker_image: 'words:1', manifest: buildManifest({ name: 'words' }) }, { authorization: adminKey })
  assert.equal(registered.status, 201)
  for (const name of ['words', 'words:1.0.0', 'words:1.0.0:1']) {
    const { status, body } = await submit(name)
    assert.equal(status, 409)
    assert.ok(String(body['error']).startsWith(`Job type ${name} not available. `))
  }
})
