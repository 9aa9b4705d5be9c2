import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { readdir, rm, statfs, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { ended, untilJob } from '../src/jobs/testing/scene.ts'
import { resultOf } from './action.ts'
import { startHub } from './hub.ts'
import { leg } from './store.ts'

// A hub on a disk of its own, a small one, that runs full. Mounting needs rights that not every user has.

const folder = mkdtempSync(join(tmpdir(), 'millrace-full-'))
const isMounted = leg === 'sqlite' && mount()

function mount(): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'none', folder], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

after(() => {
  if (isMounted) execFileSync('umount', ['-l', folder])
  rmSync(folder, { recursive: true, force: true })
})
const skip = leg !== 'sqlite' ? 'the disk of a database server is not the hub’s' : !isMounted && 'no disk can be mounted here'

test('a full disk: submissions get 503 with a reason, nothing is stored in part, reads continue, and the hub works again when there is space', {
  skip,
}, async () => {
  const hub = await startHub({ MILLRACE_DATA_DIR: folder, DATABASE_URL: `sqlite:${join(folder, 'hub.db')}` })
  const submit = async (data: string) => {
    const body = JSON.stringify({ job_type: 'echo_async', data, api_key: 'k' })
    const answer = await fetch(`${hub.url}/job`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    return { status: answer.status, retryAfter: answer.headers.get('retry-after'), body: (await answer.json()) as Record<string, unknown> }
  }
  const count = async () => ((await (await fetch(`${hub.url}/job?_limit=1000`)).json()) as { list: string[] }).list.length
  try {
    assert.equal((await submit('before')).status, 200)
    await fill()
    const accepted = [1]
    // The last pages of the log of the database may still take a few.
    let full = await submit('x'.repeat(30_000))
    for (; full.status === 200; full = await submit('x'.repeat(30_000))) accepted.push(1)
    const large = await submit('x'.repeat(2_000_000))
    for (const { status, retryAfter, body } of [full, large]) {
      assert.deepEqual([status, retryAfter, Object.keys(body)], [503, '5', ['error']])
      assert.match(String(body['error']), /full|space/)
    }
    assert.equal(await count(), accepted.length)
    await rm(join(folder, 'ballast'))
    const { status, body } = await submit('after')
    assert.equal(status, 200)
    const headers = { authorization: String(body['job_key']) }
    await untilJob(hub.app.base.store, String(body['job_id']), ended)
    assert.equal(await (await fetch(`${hub.url}/job/${body['job_id']}/data`, { headers })).text(), '>after')
    assert.equal(await count(), accepted.length + 1)
  } finally {
    await hub.close()
  }
})

test('an upload without space on the disk gets 507, and stores nothing', { skip }, async () => {
  const hub = await startHub({ MILLRACE_DATA_DIR: folder, DATABASE_URL: `sqlite:${join(folder, 'uploads.db')}` }, { http: true, workers: false })
  const key = hub.adminKey
  const upload = async (bytes: number, prefix = '/api/3/action') => {
    const form = new FormData()
    form.append('package_id', 'files')
    form.append('upload', new Blob([Buffer.alloc(bytes, 'a,b\n')]), 'a.csv')
    const answer = await fetch(`${hub.url}${prefix}/resource_create`, { method: 'POST', body: form, headers: { authorization: key } })
    return { status: answer.status, body: (await answer.json()) as { result?: { size: number }; error?: { __type: string; message: string } } }
  }
  const files = async () => (await readdir(join(folder, 'files'), { recursive: true, withFileTypes: true })).filter((one) => one.isFile()).length
  const refused = ({ status, body }: Awaited<ReturnType<typeof upload>>) => {
    assert.deepEqual([status, body.error?.__type], [507, 'Insufficient Storage'])
    assert.match(body.error?.message ?? '', /space/)
  }
  try {
    await resultOf(hub, 'package_create', { body: { name: 'files' }, key })
    const before = await files()
    for (const prefix of ['/api/3/action', '/api/action']) refused(await upload(30_000_000, prefix))
    assert.equal(await files(), before)
    await fill()
    for (const bytes of [2_000_000, 10_000]) refused(await upload(bytes))
    assert.equal(await files(), before)
    assert.equal((await resultOf<{ num_resources: number }>(hub, 'package_show', { body: { id: 'files' } })).num_resources, 0)
    await rm(join(folder, 'ballast'))
    assert.equal((await upload(10_000)).body.result?.size, 10_000)
  } finally {
    await rm(join(folder, 'ballast'), { force: true })
    await hub.close()
  }
})

/** Leaves no room at all, while the database may still grow. */
async function fill(): Promise<void> {
  const { bavail, bsize } = await statfs(folder)
  await writeFile(join(folder, 'ballast'), Buffer.alloc(bavail * bsize)).catch((error: NodeJS.ErrnoException) => assert.equal(error.code, 'ENOSPC'))
}
