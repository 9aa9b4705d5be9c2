import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { after, test } from 'node:test'
import { FileSweep } from '../src/jobs/housekeeping/file-sweep.ts'
import { enqueueJob } from '../src/jobs/submit/enqueue.ts'
import { testType } from '../src/jobs/testing/types.ts'
import { fileColumns } from '../src/store/files/named-file-store.ts'
import { startHub } from './hub.ts'

// What is removed from the folder of files, and what must not be. Files grow old by hand.

const hub = await startHub({}, { http: true, workers: false })
after(hub.close)
const { store, files } = hub.app.base
const folder = join(hub.environment['MILLRACE_DATA_DIR'] ?? '', 'files')
const own = join(folder, 'work', 'own')
const longAgo = new Date(Date.now() - 2 * 86_400_000)
const age = (path: string) => utimes(path, longAgo, longAgo)

async function put(text: string, isOld = true): Promise<string> {
  const { digest } = await files.put(Readable.from([Buffer.from(text)]))
  if (isOld) await age(await files.localPath(digest))
  return digest
}

const isThere = async (digest: string) =>
  files.localPath(digest).then(
    () => true,
    () => false,
  )

test('every column that may name a file is asked for', () => {
  const known = new Set(fileColumns.map((one) => one.join('.')))
  // Digests of keys, requests and texts, which are no files.
  const others = [
    'flow_source.url_digest',
    'job_idempotency.request_digest',
    'job_metadata.value_digest',
    'login_address.address_digest',
    'session.digest',
    'token.digest',
  ]
  others.push('user_account.key_digest', 'user_account.reset_digest')
  const schema = readFileSync(join(dirname(import.meta.dirname), 'src/store/sqlite/schema.sql'), 'utf8')
  const found = [...schema.matchAll(/^CREATE TABLE (\w+) \(\n([\s\S]*?)\n\)/gm)].flatMap(([, table, columns = '']) =>
    [...columns.matchAll(/^ {2}(digest|\w+_digest|\w+_file) /gm)].map(([, column]) => `${table}.${column}`),
  )
  assert.deepEqual(found.filter((one) => !known.has(one)).sort(), others.sort())
  assert.equal(found.length, known.size + others.length)
})

/** A dataset with an uploaded file, and a revision of a source, by hand: what names a file is what counts. */
async function nameInRows(names: { resource: string; source: string; file: string; result: string }): Promise<void> {
  const headers = { authorization: hub.adminKey, 'content-type': 'application/json' }
  const body = JSON.stringify({ name: 'swept', resources: [{ url: 'http://host.example/a.csv' }] })
  assert.equal((await fetch(`${hub.url}/api/action/package_create`, { method: 'POST', headers, body })).status, 200)
  await store.write(async ({ db }) => {
    await db.updateTable('resource').set({ digest: names.resource }).execute()
    await db.insertInto('flow_owner').values({ owner_id: 'o', datasets: 1 }).execute()
    const dataset = { id: 'o/d', owner_id: 'o', name: 'd', last_revision: 1, created_at: 1, uploaded_at: 1, due_at: null, is_certified: 0 }
    await db.insertInto('flow_dataset').values(dataset).execute()
    const flow = { id: 'o/d/1', dataset_id: 'o/d', revision: 1, state: 'done', findability: 'published', is_scheduled: 0, created_at: 1 }
    await db
      .insertInto('flow')
      .values({ ...flow, spec: '{}', plan: '{}', errors: '[]', logs: '[]', stats: null, finished_at: 1 })
      .execute()
    const pipeline = { id: 'p', flow_id: 'o/d/1', position: 1, kind: 'k', artifact: 'a', title: 't', sources: '[]', depends_on: '[]', errors: '[]' }
    const result = JSON.stringify({ files: [{ sha256: names.result }] })
    await db
      .insertInto('flow_pipeline')
      .values({ ...pipeline, state: 'done', stats: null, job_id: null, result })
      .execute()
    await db.insertInto('flow_source').values({ flow_id: 'o/d/1', url_digest: 'u', digest: names.source, size: 1 }).execute()
    const file = { flow_id: 'o/d/1', path: 'a', hashed_path: 'b', pipeline_id: 'p', digest: names.file, md5: 'm', size: 1, format: null }
    await db.insertInto('flow_file').values(file).execute()
  })
}

test('a file that no row names is removed at the second sweep, if it is older than a day; other files stay', async () => {
  const [data, result, resource, source, file, made] = await Promise.all(
    ['data', 'result', 'resource', 'source', 'file', 'made'].map((one) => put(one)),
  )
  const type = testType('double')
  await store.write((write) => enqueueJob(write, type, { id: 'large', data: { json: null, file: data ?? '' } }))
  await store.write(({ db }) => db.updateTable('job').set({ result_file: result }).where('id', '=', 'large').execute())
  await nameInRows({ resource: resource ?? '', source: source ?? '', file: file ?? '', result: made ?? '' })
  const [left, young] = [await put('left'), await put('young', false)]
  const sweep = new FileSweep({ store, files })
  assert.equal(await sweep.run(own), 0)
  assert.equal(await isThere(left), true)
  assert.equal(await sweep.run(own), 1)
  assert.equal(await isThere(left), false)
  for (const digest of [data, result, resource, source, file, made, young]) assert.equal(await isThere(digest ?? ''), true)
  await store.write(({ db }) => db.deleteFrom('job').where('id', '=', 'large').execute())
  await sweep.run(own)
  assert.equal(await sweep.run(own), 2)
  assert.deepEqual([await isThere(data ?? ''), await isThere(result ?? '')], [false, false])
})

test('a file that is stored again between two sweeps stays', async () => {
  const digest = await put('again')
  const sweep = new FileSweep({ store, files })
  await sweep.run(own)
  await put('again', false)
  assert.equal(await sweep.run(own), 0)
  assert.equal(await files.removeOld(digest, 86_400_000), false)
  assert.equal(
    createHash('sha256')
      .update(readFileSync(await files.localPath(digest)))
      .digest('hex'),
    digest,
  )
})

test('incomplete files of a killed process are removed, the folders of running processes stay', async () => {
  for (const name of ['own', 'left']) {
    await mkdir(join(folder, 'work', name, '7-1'), { recursive: true })
    await writeFile(join(folder, 'work', name, '7-1', 'half'), 'half')
    await age(join(folder, 'work', name))
  }
  await mkdir(join(folder, 'work', 'other'))
  await new FileSweep({ store, files }).run(own)
  assert.deepEqual((await readdir(join(folder, 'work'))).sort(), ['other', 'own'])
})
