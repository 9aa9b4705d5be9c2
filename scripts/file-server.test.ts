import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { serveFolder } from './file-server.ts'

const parent = await mkdtemp(join(tmpdir(), 'millrace-files-'))
const folder = join(parent, 'in')
await writeFile(join(parent, 'secret.csv'), 'secret')
await mkdir(folder)
await writeFile(join(folder, 'a b.csv'), 'x,y\n1,2\n')
const served = await serveFolder(folder)
after(async () => {
  await served.close()
  await rm(parent, { recursive: true })
})

/** Sends a request with an unchanged path: `fetch` would normalize it. */
function statusOf(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(served.url).port), '127.0.0.1', () =>
      socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`),
    )
    let text = ''
    socket.on('data', (part) => (text += part))
    socket.on('end', () => resolve(text.slice(9, 12)))
    socket.on('error', reject)
  })
}

test('a file is served byte for byte with its length', async () => {
  const answer = await fetch(`${served.url}/a%20b.csv`)
  assert.deepEqual([answer.status, answer.headers.get('content-length'), await answer.text()], [200, '8', 'x,y\n1,2\n'])
})

test('a path without a file in the folder is not found', async () => {
  for (const path of ['/', '/none.csv', '/../secret.csv', '/..%2fsecret.csv', '/%2e%2e/secret.csv', '/%ff'])
    assert.equal(await statusOf(path), '404', path)
})
