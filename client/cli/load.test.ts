import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import { startHub, type TestHub } from '../../test/hub.ts'
import { CkanLowLevelClient } from '../index.ts'
import { runProcess } from '../testing/command.ts'
import { mapOrdered } from './ordered.ts'

let hub: TestHub
let other: TestHub
let folder: string
let client: CkanLowLevelClient
before(async () => {
  ;[hub, other] = await Promise.all([startHub({}, { http: true, workers: false }), startHub({}, { http: true, workers: false })])
  folder = await mkdtemp(join(tmpdir(), 'millrace-load-'))
  client = new CkanLowLevelClient(hub.url, { apiKey: hub.adminKey })
})
after(async () => {
  await Promise.all([hub.close(), other.close()])
  await rm(folder, { recursive: true })
})
beforeEach(async () => {
  for (const name of await client.listDatasets()) await client.purgeDataset(name)
})

const settings = (at: TestHub) => ({ CKAN_URL: at.url, CKAN_API_KEY: at.adminKey, HOME: folder })
const run = (...words: string[]) => runProcess(words, { environment: settings(hub) })
const feed = (input: string, ...words: string[]) => runProcess(words, { environment: settings(hub), input })
const pathOf = (name: string) => join(folder, name)
const linesOf = async (name: string) =>
  (await readFile(pathOf(name), 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))

/** Lines in the form that `ckanapi dump datasets` writes. */
const dumped = [
  '{"author":"Ada Example","author_email":"","creator_user_id":"00000000-0000-4000-8000-000000000001","extras":[{"key":"region","value":"north"}],"groups":[],"id":"10000000-0000-4000-8000-000000000001","isopen":true,"license_id":"cc-by","license_title":"Creative Commons Attribution","maintainer":null,"metadata_created":"2024-03-01T08:00:00.000001","metadata_modified":"2024-03-02T09:30:00.123000","name":"lakes","notes":"Line one\\nLine two: ÄÖ   \\"quoted\\"","num_resources":1,"num_tags":1,"organization":null,"owner_org":null,"private":false,"relationships_as_object":[],"relationships_as_subject":[],"resources":[{"cache_last_updated":null,"cache_url":null,"created":"2024-03-01T08:00:00.000002","datastore_active":false,"description":"","format":"CSV","hash":"","id":"20000000-0000-4000-8000-000000000001","last_modified":null,"mimetype":null,"name":"data","package_id":"10000000-0000-4000-8000-000000000001","position":0,"size":null,"state":"active","url":"http://example.org/lakes.csv","url_type":null}],"state":"active","tags":[{"display_name":"air quality","id":"30000000-0000-4000-8000-000000000001","name":"air quality","state":"active","vocabulary_id":null}],"title":"Lakes","type":"dataset","url":"","version":null}',
  '{"extras":[],"groups":[],"id":"10000000-0000-4000-8000-000000000002","name":"rivers","resources":[],"state":"active","tags":[],"title":"Rivers","type":"dataset"}',
]

test('a dump of ckanapi is loaded with its ids; loaded again it is unchanged; dumped again it is sorted and has what it had', async () => {
  await writeFile(pathOf('in.jsonl'), `${dumped.join('\n')}\n`)
  const first = await run('load', 'datasets', '-I', pathOf('in.jsonl'))
  assert.deepEqual(first, { output: '', errors: 'datasets: 2 created, 0 updated, 0 unchanged, 0 skipped, 0 failed\n', code: 0 })
  const second = await run('load', 'datasets', '-I', pathOf('in.jsonl'), '-p', '2')
  assert.equal(second.errors, 'datasets: 0 created, 0 updated, 2 unchanged, 0 skipped, 0 failed\n')
  const { output, code } = await run('dump', 'datasets', '--all', '-q')
  assert.equal(code, 0)
  const [lakes] = output.split('\n').map((line) => JSON.parse(line || 'null'))
  const wanted = JSON.parse(dumped[0] ?? '')
  for (const key of ['id', 'name', 'notes', 'license_id', 'metadata_modified']) assert.deepEqual(lakes[key], wanted[key], key)
  assert.equal(lakes.resources[0].id, wanted.resources[0].id)
  assert.deepEqual([lakes.extras[0].key, lakes.extras[0].value, lakes.tags[0].name], ['region', 'north', 'air quality'])
  assert.match(output, /^\{"author":"Ada Example","author_email":"",/)
})

test('what is dumped, loaded into a second hub and dumped there gives equal files', async () => {
  await client.createOrganization({ name: 'city', title: 'City' })
  await client.createGroup({ name: 'transport', title: 'Transport', extras: [{ key: 'colour', value: 'red' }] })
  const resources = [{ url: 'https://x.example/1.csv', format: 'CSV', size: 17 }]
  await client.createDataset({ name: 'stops', owner_org: 'city', groups: [{ name: 'transport' }], tags: [{ name: 'bus' }], resources })
  await client.createDataset({ name: 'secret', owner_org: 'city', private: true, extras: [{ key: 'n', value: '1' }] })
  await client.action('user_create', { name: 'ada', email: 'ada@example.org', password: 'a-long-password' })
  for (const kind of ['users', 'organizations', 'groups', 'datasets']) {
    const words = kind === 'datasets' ? ['--include-private', '-p', '3'] : []
    const dump = (at: TestHub, file: string) => runProcess(['dump', kind, '--all', '-O', pathOf(file), ...words], { environment: settings(at) })
    assert.deepEqual(await dump(hub, 'a.jsonl'), { output: '', errors: '', code: 0 })
    const loaded = await runProcess(['load', kind, '-I', pathOf('a.jsonl'), '-z'], { environment: settings(other) })
    assert.equal(loaded.code, 1, 'a file that is not packed is refused where -z says that it is')
    const load = await runProcess(['load', kind, '-I', pathOf('a.jsonl')], { environment: settings(other) })
    assert.equal(load.code, 0, load.errors)
    assert.deepEqual((await dump(other, 'b.jsonl')).code, 0)
    const [a, b] = (await Promise.all([linesOf('a.jsonl'), linesOf('b.jsonl')])).map((lines) => lines.map(withoutOwn))
    assert.ok((a?.length ?? 0) > 0)
    assert.doesNotMatch(await readFile(pathOf('a.jsonl'), 'utf8'), /apikey|reset_key/)
    assert.deepEqual(b, a)
  }
})

const OWN = new Set(['created', 'activity', 'number_of_edits', 'number_created_packages', 'number_administered_packages', 'package_count'])
for (const key of ['revision_id', 'revision_timestamp', 'creator_user_id', 'metadata_created', 'ckan_url']) OWN.add(key)

/** A value without what each hub says of itself: who wrote it, when, and how much there is. The sysadmin, extras and tags have other ids in each hub. */
function withoutOwn(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutOwn)
  if (typeof value !== 'object' || value === null) return value
  const isResource = 'package_id' in value
  const hasOwnId = 'key' in value || 'vocabulary_id' in value || ('name' in value && value.name === 'admin')
  const entries = Object.entries(value).filter(
    ([key]) => !OWN.has(key) && !(key === 'id' && hasOwnId) && !(key === 'metadata_modified' && isResource),
  )
  return Object.fromEntries(entries.map(([key, item]) => [key, withoutOwn(item)]))
}

test('unreadable lines and refused records are named, the others are loaded, and the exit code is 3', async () => {
  const lines = ['{"name":"one"}', 'not json', '', '{"name":"UPPER"}', '[]', '{"title":"x"}', '{"name":"two","extras":7}', '{"name":"three"}']
  const { output, errors, code } = await feed(lines.join('\n'), 'load', 'datasets', '-l', pathOf('log'))
  assert.deepEqual([output, code], ['', 3])
  assert.match(
    errors,
    /record 2: line 2 is not JSON in UTF-8\nrecord 3: name: .*\nrecord 4: line 5 is not a JSON object\nrecord 5: the record has neither id nor name\nrecord 6: /,
  )
  assert.match(errors, /datasets: 2 created, 0 updated, 0 unchanged, 0 skipped, 5 failed\n$/)
  const log = await linesOf('log')
  assert.deepEqual(log.map(([, ...rest]) => rest.slice(0, 3)).slice(0, 4), [
    [1, 'create', null],
    [2, 'read', 'INVALID_DATA'],
    [3, 'create', 'VALIDATION'],
    [4, 'read', 'INVALID_DATA'],
  ])
  assert.ok(!Number.isNaN(Date.parse(log[0][0])))
  assert.equal(log[0][4], 'one')
  assert.deepEqual(Object.keys(log[2][4]), ['name'])
  assert.deepEqual(await client.listDatasets(), ['one', 'three'])
})

test('a record is looked up by id, then by name; --create-only and --update-only leave the others; --dry-run writes nothing', async () => {
  const { id } = await client.createDataset({ name: 'old', title: 'Old' })
  const input = `${JSON.stringify({ id, name: 'renamed', title: 'Old' })}\n{"name":"fresh"}\n`
  const dry = await feed(input, 'load', 'datasets', '--dry-run')
  assert.match(dry.errors, /1 created, 1 updated, .*dry run: nothing was written/)
  assert.deepEqual(await client.listDatasets(), ['old'])
  assert.match((await feed(input, 'load', 'datasets', '-n')).errors, /1 created, 0 updated, 0 unchanged, 1 skipped/)
  await client.purgeDataset('fresh')
  assert.match((await feed(input, 'load', 'datasets', '-o')).errors, /0 created, 1 updated, 0 unchanged, 1 skipped/)
  assert.deepEqual(await client.listDatasets(), ['renamed'])
  assert.match((await feed('{"name":"renamed","title":"New"}', 'load', 'datasets')).errors, /1 updated/)
  assert.deepEqual([(await client.getDataset('renamed'))['title'], (await client.getDataset('renamed'))['id']], ['New', id])
})

test('records are counted from 1: --start-record begins there, --max-records ends after so many', async () => {
  const input = [1, 2, 3, 4].map((at) => `{"name":"r-${at}"}`).join('\n\n')
  assert.match((await feed(input, 'load', 'datasets', '-s', '2', '-m', '2')).errors, /2 created/)
  assert.deepEqual(await client.listDatasets(), ['r-2', 'r-3'])
})

test('a group that is loaded keeps its datasets and members', async () => {
  await client.createGroup({ name: 'kept', title: 'Kept', packages: [] })
  await client.createDataset({ name: 'member', groups: [{ name: 'kept' }] })
  assert.match((await feed('{"name":"kept","title":"New title"}', 'load', 'groups')).errors, /1 updated/)
  const group = await client.getGroup('kept')
  assert.equal(group['title'], 'New title')
  assert.equal(group['package_count'], 1)
})

test('delete takes ids, names and JSON lines; what is missing is named', async () => {
  for (const name of ['a1', 'a2', 'a3']) await client.createDataset({ name })
  assert.deepEqual(await run('delete', 'datasets', 'a1', '-q'), { output: '', errors: '', code: 0 })
  const { errors, code } = await feed('"a2"\n{"name":"a3"}\n{}\n"nothing"\n', 'delete', 'datasets', '-I', '-')
  assert.equal(code, 3)
  assert.match(errors, /^line 3: is neither a text nor a JSON object with id or name\nline 4, nothing: .*\ndatasets: 2 deleted, 2 failed\n$/)
  assert.deepEqual(await client.listDatasets(), [])
})

test('a dump names what it cannot read, keeps the order, and includes what is asked for', async () => {
  for (const name of ['b', 'a', 'c'].map((letter) => `dump-${letter}`)) await client.createDataset({ name })
  const { output, errors, code } = await run('dump', 'datasets', 'dump-c', 'nothing', 'dump-a', '-p', '3')
  assert.deepEqual(
    output
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).name),
    ['dump-c', 'dump-a'],
  )
  assert.match(errors, /^nothing: .+\n$/)
  assert.equal(code, 3)
  await client.deleteDataset('dump-b')
  const named = async (...words: string[]) =>
    (await run('dump', 'datasets', '--all', ...words)).output
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).name)
  assert.deepEqual(await named(), ['dump-a', 'dump-c'])
  const all = await named('--include-deleted')
  assert.deepEqual(all.slice(all.indexOf('dump-a')), ['dump-a', 'dump-b', 'dump-c'])
})

test('an interrupted load ends with 2 and says where to go on', async () => {
  const environment = settings(hub)
  const ended = runProcess(['load', 'datasets', '-I', pathOf('endless'), '-l', pathOf('log2')], { environment })
  assert.equal((await ended).code, 1)
  const { errors, code } = await new Promise<{ errors: string; code: number | null }>((resolve) => {
    const input = Array.from({ length: 5000 }, (_, at) => `{"name":"many-${at}","notes":7}`).join('\n')
    void runProcess(['load', 'datasets'], { environment, input, onStart: (child) => child.stderr?.once('data', () => child.kill('SIGINT')) }).then(
      resolve,
    )
  })
  assert.equal(code, 2)
  const last = Number(/the last finished record is (\d+); --start-record (\d+) goes on behind it\n/.exec(errors)?.[1])
  assert.ok(last > 0 && last < 5000)
  assert.match(errors, /load: interrupted\n$/)
})

test('words of dump, load and delete that make no sense are refused before anything is sent', async () => {
  const refused: [string[], RegExp][] = [
    [['dump', 'things', '--all'], /the first word must be datasets, groups, organizations, users; got "things"/],
    [['dump', 'datasets'], /name the records by id or name, or all of them by --all/],
    [['dump', 'datasets', 'a', '--all'], /or all of them by --all/],
    [['dump', 'groups', '--all', '--include-private'], /--include-private is for datasets and --all/],
    [['dump', 'datasets', '--all', '-p', '0'], /--processes must be a whole number above 0; got "0"/],
    [['load', 'datasets', 'file.jsonl'], /load reads its records from --input; it takes no "file\.jsonl"/],
    [['load', 'datasets', '-n', '-o'], /--create-only and --update-only exclude each other/],
    [['load', 'datasets', '--upload-resources'], /--upload-resources/],
    [['load', 'datasets', '-I', pathOf('none')], /ENOENT/],
    [['load', 'datasets', '-l', pathOf('no/log')], /ENOENT/],
    [['delete', 'datasets'], /or give a file as --input/],
    [['delete', 'datasets', 'a', '-I', '-'], /or give a file as --input/],
  ]
  for (const [words, message] of refused) {
    const { output, errors, code } = await run(...words)
    assert.match(errors, message)
    assert.deepEqual([output, code], ['', 1], words.join(' '))
  }
})

test('work is done so many at a time and comes out in order; the first error waits for what is under way', async () => {
  let running = 0
  let most = 0
  const work = async (item: number) => {
    most = Math.max(most, ++running)
    for (let turn = 0; turn < 10 - item; turn++) await Promise.resolve()
    running--
    if (item === 7) throw new Error('seven')
    return item
  }
  const seen: number[] = []
  const all = async () => {
    for await (const item of mapOrdered([1, 2, 3, 4, 5, 6, 7, 8, 9], { workers: 3, work })) seen.push(item)
  }
  await assert.rejects(all(), /seven/)
  assert.deepEqual([seen, running, most], [[1, 2, 3, 4, 5, 6], 0, 3])
})
