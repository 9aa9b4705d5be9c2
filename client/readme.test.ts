import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { startHub, type TestHub } from '../test/hub.ts'
import { holds, promisesOf } from '../test/promise.ts'

const examples = {
  session: new URL('./testing/examples/session.ts', import.meta.url),
  'high-level': new URL('./testing/examples/high-level.ts', import.meta.url),
  'low-level': new URL('./testing/examples/low-level.ts', import.meta.url),
  sync: new URL('./testing/examples/sync.ts', import.meta.url),
}

let hub: TestHub
let folder: string
before(async () => {
  hub = await startHub({}, { http: true, workers: false })
  folder = await mkdtemp(join(tmpdir(), 'millrace-readme-'))
})
after(async () => {
  await hub.close()
  await rm(folder, { recursive: true })
})

/** Runs an example as its reader would, against the hub. */
async function run(name: keyof typeof examples): Promise<{ output: string; errors: string; code: number }> {
  const source = await readFile(examples[name], 'utf8')
  const entry = new URL('./index.ts', import.meta.url).href
  const path = join(folder, `${name}.ts`)
  await writeFile(path, source.replace('@millrace/client', entry).replace('https://data.example.org', hub.url))
  const child = spawn(process.execPath, [path], { env: { CKAN_API_KEY: hub.adminKey }, stdio: ['ignore', 'pipe', 'pipe'] })
  const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  return { output, errors, code }
}

/** What the comments behind console.log say that is printed. */
async function promisedOutput(name: keyof typeof examples): Promise<string[]> {
  const source = await readFile(examples[name], 'utf8')
  return [...source.matchAll(/console\.log\(.*\) \/\/ (.*)$/gm)].map((match) => match[1] ?? '')
}

test('the README shows the examples as they are run here, the session of the seed system first', async () => {
  const readme = await readFile(new URL('./README.md', import.meta.url), 'utf8')
  const blocks = [...readme.matchAll(/```ts\n(.*?)```/gs)].map((match) => match[1])
  const sources = await Promise.all(Object.values(examples).map((url) => readFile(url, 'utf8')))
  assert.deepEqual(
    sources.map((source) => blocks.indexOf(source)),
    sources.map((_, at) => at),
  )
})

test('each level gives a first success in ten lines', async () => {
  for (const name of ['high-level', 'low-level', 'sync'] as const) {
    const source = await readFile(examples[name], 'utf8')
    assert.ok(source.split('\n').filter((line) => line.trim() !== '').length <= 10, name)
  }
})

test('the first session runs to its last line, and objects are shown with every field', async () => {
  const { output, errors, code } = await run('session')
  const id = /id: '([0-9a-f-]{36})'/.exec(output)?.[1]
  const shown = (title: string) => {
    const fields = { maintainer: '', name: 'example-dataset', author: '', author_email: '', title, notes: '', owner_org: null, private: false }
    const others = { maintainer_email: '', url: '', state: 'active', extras: {}, groups: [], license_id: '', type: 'dataset', id, resources: [] }
    return { ...fields, ...others }
  }
  const objects = [...output.matchAll(/CkanDataset\((\{.*?\n\})\)/gs)].map((match): Record<string, unknown> => Function(`return (${match[1]})`)())
  assert.equal(objects.length, 3)
  for (const [at, title] of ['My example dataset', 'NEW TITLE', 'NEW TITLE'].entries()) {
    for (const [field, value] of Object.entries(shown(title))) assert.deepEqual(objects[at]?.[field], value, field)
  }
  assert.ok(output.startsWith('[]\nCkanDataset({'))
  assert.ok(output.includes(`[ '${id}' ]\n`))
  assert.ok(output.endsWith('\ndeleted\n'))
  assert.equal(code, 1)
  assert.match(errors, /CkanNotFoundError: \(logical\) dataset state is deleted/)
  assert.match(errors, /status: 404/)
  holds(...promisesOf('Client library'))
})

for (const name of ['high-level', 'low-level', 'sync'] as const) {
  test(`the example of the level ${name} prints what it says`, async () => {
    const { output, errors, code } = await run(name)
    assert.deepEqual([errors, code], ['', 0])
    assert.deepEqual(output.trimEnd().split('\n'), await promisedOutput(name))
    const { CkanHighLevelClient } = await import('./index.ts')
    const client = new CkanHighLevelClient(hub.url, { apiKey: hub.adminKey })
    for (const id of await client.listDatasets()) await client.purgeDataset(id)
  })
}
