import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { FileStateStore, parseJsonLines, readJsonLines } from '../node.ts'
import { iterJsonLines } from './json-lines.ts'

let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-client-'))
})
after(() => rm(folder, { recursive: true }))

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

/** Bytes in chunks of a size. */
async function* chunks(bytes: Uint8Array, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

test('a state file keeps all keys, also over writes at once, and leaves no other file', async () => {
  const path = join(folder, 'state.json')
  const store = new FileStateStore(path)
  assert.equal(await store.get('a'), undefined)
  await Promise.all(Array.from({ length: 20 }, (_, at) => store.set(`key-${at}`, { at })))
  await store.delete('key-0')
  const again = new FileStateStore(path)
  assert.deepEqual(await again.get('key-19'), { at: 19 })
  assert.equal(await again.get('key-0'), undefined)
  assert.equal(Object.keys(JSON.parse(await readFile(path, 'utf8'))).length, 19)
  assert.deepEqual(await readdir(folder), ['state.json'])
  await rm(path)
})

test('an invalid state file is an error that says what to do, and is not changed', async () => {
  const path = join(folder, 'broken.json')
  for (const text of ['{"a": ', '[]', '']) {
    await writeFile(path, text)
    await assert.rejects(new FileStateStore(path).set('a', {}), /delete it to begin anew/)
    assert.equal(await readFile(path, 'utf8'), text)
  }
  await assert.rejects(new FileStateStore(join(folder, 'none', 'state.json')).set('a', {}), { code: 'ENOENT' })
  assert.throws(() => new FileStateStore(''), TypeError)
})

test('JSON lines are read from files, packed or not, and from chunks of any size', async () => {
  const text = '{"id": "ä"}\r\n\n{"id": "\u{1f600}"}\n{"id": 3}'
  const expected = [{ id: 'ä' }, { id: '\u{1f600}' }, { id: 3 }]
  const plain = join(folder, 'plain.jsonl')
  await writeFile(plain, text)
  assert.deepEqual(await collect(readJsonLines(plain)), expected)
  await writeFile(`${plain}.gz`, gzipSync(text))
  assert.deepEqual(await collect(readJsonLines(`${plain}.gz`)), expected)
  for (const size of [1, 2, 3, 7]) {
    assert.deepEqual(await collect(parseJsonLines(chunks(Buffer.from(text), size))), expected)
    assert.deepEqual(await collect(parseJsonLines(chunks(gzipSync(text), size))), expected)
  }
  assert.deepEqual(await collect(parseJsonLines(chunks(Buffer.from(''), 1))), [])
})

test('a line that is no object, not UTF-8 or too long ends the reading with its number', async () => {
  for (const line of ['{"id": 1', '[1]', 'null', Buffer.from([0x22, 0xff, 0x22])]) {
    const bytes = Buffer.concat([Buffer.from('{"id": 0}\n\n'), Buffer.from(line)])
    const seen: unknown[] = []
    const reading = async () => {
      for await (const record of parseJsonLines(chunks(bytes, 4), { name: 'x.jsonl' })) seen.push(record)
    }
    await assert.rejects(reading(), { name: 'TypeError', message: /^x\.jsonl: line 3 is not a JSON object/ })
    assert.deepEqual(seen, [{ id: 0 }])
  }
  for (const end of ['', '\n']) {
    const long = Buffer.from(`{"id": "${'x'.repeat(100)}"}${end}`)
    for (const size of [10, 1000])
      await assert.rejects(collect(parseJsonLines(chunks(long, size), { maxLineBytes: 50 })), /line 1 is longer than 50 bytes/)
  }
})

test('files that are missing, or packed and cut short, fail', async () => {
  await assert.rejects(collect(readJsonLines(join(folder, 'nothing.jsonl'))), { code: 'ENOENT' })
  const packed = gzipSync('{"id": 1}\n'.repeat(1000))
  await assert.rejects(collect(parseJsonLines(chunks(packed.subarray(0, packed.length - 20), 16))))
})

test('leaving the loop early closes the file', async () => {
  const path = join(folder, 'long.jsonl')
  await writeFile(path, '{"id": 1}\n'.repeat(100_000))
  await writeFile(`${path}.gz`, gzipSync(await readFile(path)))
  for (const file of [path, `${path}.gz`]) {
    const records = readJsonLines(file)
    assert.deepEqual((await records.next()).value, { id: 1 })
    await records.return()
    assert.equal((await records.next()).done, true)
  }
})

test('a line that cannot be read is named, and the lines behind it are read', async () => {
  const text = `{"id":1}\nno\n\n{"id":"${'x'.repeat(100)}"}\n[2]\n{"id":3}`
  for (const size of [3, 1000]) {
    const lines = await collect(iterJsonLines(chunks(Buffer.from(text), size), { maxLineBytes: 50 }))
    assert.deepEqual(lines, [
      { number: 1, value: { id: 1 }, fault: null },
      { number: 2, value: undefined, fault: 'is not JSON in UTF-8' },
      { number: 4, value: undefined, fault: 'is longer than 50 bytes' },
      { number: 5, value: [2], fault: null },
      { number: 6, value: { id: 3 }, fault: null },
    ])
  }
})
