import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, beforeEach, test } from 'node:test'
import { pino } from 'pino'
import { freshStore } from '../../../test/store.ts'
import { openVault } from '../../auth/secret.ts'
import { parseConfig } from '../../config.ts'
import { LocalFileStore } from '../../store/files/local-file-store.ts'
import { insertDataset, insertFlow, lockOwner } from '../flow-store.ts'
import { SourceFetcher } from './fetch.ts'

const { store, drop } = await freshStore()
const folder = await mkdtemp(join(tmpdir(), 'millrace-fetch-'))

/** Requests that wait for their answers. */
const held = new Map<string, ServerResponse>()
const asked: string[] = []
const server = createServer((request, response) => {
  asked.push(request.url ?? '')
  held.set(request.url ?? '', response)
  server.emit('held')
})
await once(server.listen(0, '127.0.0.1'), 'listening')
const address = server.address()
const url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
after(async () => {
  server.close()
  server.closeAllConnections()
  await drop()
  await rm(folder, { recursive: true })
})
beforeEach(() => {
  held.clear()
  asked.length = 0
})

const base = {
  store,
  files: new LocalFileStore(folder),
  config: parseConfig({}),
  vault: openVault('a secret of enough letters'),
  clock: Date.now,
  log: pino({ level: 'silent' }),
}
const fetcher = new SourceFetcher(base, { waits: [] })
const never = new AbortController().signal

const heldCount = async (count: number) => {
  while (held.size < count) await once(server, 'held')
}

const flowId = 'me/data/1'
await store.write(async ({ db }) => {
  await lockOwner(db, 'me')
  await insertDataset(db, { id: 'me/data', ownerId: 'me', name: 'data', createdAt: 0 })
  const meta = { ownerid: 'me', findability: 'published', created: '', modified: '' } as const
  const plan = { sources: [], descriptor: { name: 'data' }, meta }
  await insertFlow(db, { id: flowId, datasetId: 'me/data', revision: 1, findability: 'published', isScheduled: false, spec: {}, createdAt: 0, plan })
})

test('callers of the same source share one download, and later callers use its result', async () => {
  const fetching = [...Array(5)].map(() => fetcher.fetch(flowId, `${url}/same`, never))
  await heldCount(1)
  held.get('/same')?.end('bytes')
  const files = await Promise.all([...fetching, fetcher.fetch(flowId, `${url}/same`, never)])
  assert.deepEqual([new Set(files.map((one) => one.digest)).size, files[0]?.size, asked], [1, 5, ['/same']])
  await new SourceFetcher(base).fetch(flowId, `${url}/same`, never)
  assert.deepEqual(asked, ['/same'])
})

test('one caller who gives up does not stop the download for the others', async () => {
  const [leaving, staying] = [new AbortController(), new AbortController()]
  const left = fetcher.fetch(flowId, `${url}/shared`, leaving.signal)
  const stayed = fetcher.fetch(flowId, `${url}/shared`, staying.signal)
  await heldCount(1)
  const rejected = assert.rejects(left, /given up/)
  leaving.abort(new Error('given up'))
  await rejected
  held.get('/shared')?.end('bytes')
  assert.equal((await stayed).size, 5)
})

test('the download ends when no caller waits any more', async () => {
  const controller = new AbortController()
  const fetching = fetcher.fetch(flowId, `${url}/dropped`, controller.signal)
  await heldCount(1)
  const closed = once(held.get('/dropped') as ServerResponse, 'close')
  const rejected = assert.rejects(fetching, /given up/)
  controller.abort(new Error('given up'))
  await Promise.all([rejected, closed])
})

test('a caller that arrives right after the last one gave up still gets the source', async () => {
  const controller = new AbortController()
  const left = fetcher.fetch(flowId, `${url}/next`, controller.signal).catch(() => fetcher.fetch(flowId, `${url}/next`, never))
  await heldCount(1)
  held.clear()
  controller.abort(new Error('given up'))
  await heldCount(1)
  held.get('/next')?.end('bytes')
  assert.equal((await left).size, 5)
})

test('six downloads run at once, the others wait for them', async () => {
  const fetching = [...Array(20).keys()].map((at) => fetcher.fetch(flowId, `${url}/many${at}`, never))
  for (let done = 0; done < 20; done++) {
    await heldCount(Math.min(6, 20 - done))
    assert.ok(held.size <= 6)
    const [[path, response] = []] = held
    held.delete(path ?? '')
    response?.end('bytes')
    await Promise.race(fetching)
  }
  assert.equal((await Promise.all(fetching)).length, 20)
})

test('a failed download rejects for all waiting callers, and the next caller tries again', async () => {
  const fetching = [...Array(2)].map(() => assert.rejects(fetcher.fetch(flowId, `${url}/gone`, never), /answered 410/))
  await heldCount(1)
  held.get('/gone')?.writeHead(410).end()
  await Promise.all(fetching)
  held.clear()
  const again = fetcher.fetch(flowId, `${url}/gone`, never)
  await heldCount(1)
  held.get('/gone')?.end('back')
  assert.equal((await again).size, 4)
})
