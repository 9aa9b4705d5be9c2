import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, beforeEach, test } from 'node:test'
import { startHub, type TestHub } from '../../test/hub.ts'
import { CkanLowLevelClient } from '../index.ts'
import { type CommandOptions, runProcess } from '../testing/command.ts'
import { ADMIN_KEY, ForeignCkan } from '../testing/foreign-ckan.ts'
import { withServer } from '../testing/with-server.ts'

let hub: TestHub
let folder: string
let client: CkanLowLevelClient
before(async () => {
  hub = await startHub({}, { http: true, workers: false })
  folder = await mkdtemp(join(tmpdir(), 'millrace-sync-'))
  client = new CkanLowLevelClient(hub.url, { apiKey: hub.adminKey })
})
after(async () => {
  await hub.close()
  await rm(folder, { recursive: true })
})
beforeEach(async () => {
  for (const name of await client.listDatasets()) await client.purgeDataset(name)
})

const pathOf = (...names: string[]) => join(folder, ...names)
const readReport = async (name: string) => JSON.parse(await readFile(pathOf(name), 'utf8'))
const sync = (words: string[], options: CommandOptions = {}) =>
  runProcess(['sync', ...words], { environment: { CKAN_URL: hub.url, CKAN_API_KEY: hub.adminKey, HOME: folder }, ...options })
const feed = (records: unknown[], ...words: string[]) =>
  sync(['lines', '-', ...words], { input: records.map((one) => JSON.stringify(one)).join('\n') })

test('a folder is a source: a file for each record, whose name stands for a missing id or name; a second run writes nothing', async () => {
  for (const name of ['dataset', 'group', 'organization']) await mkdir(pathOf('source', name), { recursive: true })
  await writeFile(pathOf('source/organization/city.json'), '{"title":"City"}')
  await writeFile(pathOf('source/group/transport.json'), '{"title":"Transport"}')
  await writeFile(pathOf('source/dataset/17.json'), '{"name":"stops","owner_org":"city","groups":["transport"]}')
  await writeFile(pathOf('source/dataset/notes.txt'), 'no record')
  const words = ['folder', pathOf('source'), '--report', pathOf('report.json')]
  const first = await sync(words)
  assert.deepEqual([first.output, first.code], ['', 0], first.errors)
  assert.match(
    first.errors,
    /^organizations: 1 created, .*\ngroups: 1 created, .*\ndatasets: 1 created, 0 updated, 0 deleted, 0 unchanged, 0 skipped, 0 failed\n$/,
  )
  const { extras, organization } = await client.action<{ extras: unknown[]; organization: { name: string } }>('package_show', { id: 'stops' })
  assert.match(JSON.stringify(extras), /"folder:17"/)
  assert.equal(organization.name, 'city')
  assert.equal((await sync([...words, '-q'])).errors, '')
  const report = await readReport('report.json')
  assert.deepEqual([report.status, report.datasets.unchanged, report.datasets.updated], ['complete', 1, 0])
  await writeFile(pathOf('source/dataset/broken.json'), '{')
  const third = await sync(words)
  assert.match(third.errors, /broken\.json is not a JSON object\n/)
  assert.equal(third.code, 3)
})

test('an unreadable line is named, the others are written, nothing is deleted, and the exit code is 3', async () => {
  await writeFile(pathOf('three.jsonl'), '{"id":"1","name":"n-1"}\n{"id":"2","name":"n-2"}\n{"id":"3","name":"n-3"}\n')
  assert.equal((await sync(['lines', pathOf('three.jsonl')])).code, 0)
  await writeFile(pathOf('broken.jsonl'), '{"id":"1","name":"n-1"}\noops\n{"id":"4","name":"n-4"}\n')
  const { errors, code } = await sync(['lines', pathOf('broken.jsonl')])
  assert.equal(code, 3)
  assert.match(errors, /^line 2 is not JSON in UTF-8\n/)
  assert.deepEqual(await client.listDatasets(), ['n-1', 'n-2', 'n-3', 'n-4'])
  assert.match((await feed([{ id: '1', name: 'n-1' }])).errors, /datasets: 0 created, 0 updated, 3 deleted, 1 unchanged/)
  assert.deepEqual(await client.listDatasets(), ['n-1'])
})

test('a SQLite file is a source', async () => {
  const database = new DatabaseSync(pathOf('source.sqlite'))
  database.exec('CREATE TABLE dataset (id TEXT, json_data TEXT); CREATE TABLE "group" (id TEXT, json_data TEXT)')
  const insert = (table: string, id: string, data: string) => database.prepare(`INSERT INTO "${table}" VALUES (?, ?)`).run(id, data)
  insert('group', 'sql-group', '{"title":"From SQL"}')
  insert('dataset', 'd1', '{"name":"sql-1","groups":["sql-group"]}')
  insert('dataset', 'd2', 'oops')
  const first = await sync(['sql', pathOf('source.sqlite')])
  assert.equal(first.code, 3)
  assert.match(first.errors, /table dataset, id "d2": json_data is not a JSON object\n.*groups: 1 created.*datasets: 1 created, .* 1 failed\n$/s)
  assert.deepEqual(await client.listDatasets(), ['sql-1'])
  database.exec('DROP TABLE dataset')
  database.close()
  assert.match((await sync(['sql', pathOf('source.sqlite')])).errors, /has no table dataset with the columns id and json_data/)
  await writeFile(pathOf('text.sqlite'), 'this is a text and no database '.repeat(100))
  assert.match((await sync(['sql', pathOf('text.sqlite')])).errors, /file is not a database/)
})

test('another catalogue is a source; an incremental run asks for what changed and deletes nothing', async () => {
  const foreign = new ForeignCkan()
  await withServer(foreign.answer, async ({ url, seen }) => {
    const there = new CkanLowLevelClient(url, { apiKey: ADMIN_KEY })
    for (const name of ['far-1', 'far-2']) await there.createDataset({ name, title: name.toUpperCase() })
    const words = ['far', url, '--state', pathOf('far.json')]
    assert.match((await sync(words)).errors, /datasets: 2 created/)
    foreign.rooms.package.pop()
    const from = seen.length
    const { errors, code } = await sync([...words, '--incremental'])
    assert.equal(code, 0, errors)
    assert.match(errors, /0 deleted/)
    assert.ok(seen.slice(from).some(({ body }) => body.includes('metadata_modified:[')))
    assert.ok(seen.slice(from).every(({ headers }) => headers.authorization === undefined))
    assert.match((await sync(words)).errors, /1 deleted, 1 unchanged/)
  })
})

test('guards keep an empty or much smaller source from deleting; options lift them', async () => {
  const records = [1, 2, 3].map((id) => ({ id: `${id}`, name: `g-${id}` }))
  await feed(records)
  const empty = await feed([], '--report', '-')
  assert.deepEqual([empty.code, JSON.parse(empty.output).status], [1, 'aborted'])
  assert.match(empty.errors, /the source has no record/)
  const fewer = await feed(records.slice(0, 1), '--max-delete-fraction', '0.5')
  assert.deepEqual([fewer.code, (await client.listDatasets()).length], [1, 3])
  assert.match((await feed(records.slice(0, 2), '--no-delete')).errors, /0 deleted/)
  assert.match((await feed(records.slice(0, 2), '--incremental')).errors, /0 deleted/)
  const dry = await feed(records.slice(0, 2), '--dry-run', '--report', pathOf('plan.json'))
  assert.match(dry.errors, /1 deleted, 2 unchanged.*\ndry run: nothing was written\n$/)
  const plan = await readReport('plan.json')
  assert.deepEqual(plan.items.map((item: { action: string }) => item.action).sort(), ['delete', 'unchanged', 'unchanged'])
  assert.equal((await client.listDatasets()).length, 3)
  assert.match((await feed([], '--allow-empty')).errors, /3 deleted/)
})

test('updates keep names, organizations and groups of the catalogue unless options say otherwise', async () => {
  for (const name of ['org-a', 'org-b']) await client.createOrganization({ name })
  for (const name of ['group-a', 'group-b']) await client.createGroup({ name })
  await feed([{ id: '1', name: 'kept', owner_org: 'org-a', groups: ['group-a'] }])
  const changed = [{ id: '1', name: 'moved', owner_org: 'org-b', groups: ['group-b'] }]
  const shown = async (name: string) => {
    const { organization, groups } = await client.action<{ organization: { name: string }; groups: { name: string }[] }>('package_show', { id: name })
    return [organization.name, groups.map((group) => group.name).sort()]
  }
  await feed(changed)
  assert.deepEqual(await shown('kept'), ['org-a', ['group-a', 'group-b']])
  await feed(changed, '--groups', 'replace', '--move-organization', '--rename', '--concurrency', '1', '--rate', '500')
  assert.deepEqual(await shown('moved'), ['org-b', ['group-b']])
  await mkdir(pathOf('updates/dataset'), { recursive: true })
  for (const kind of ['group', 'organization']) {
    await mkdir(pathOf('updates', kind))
    await writeFile(pathOf('updates', kind, `${kind === 'group' ? 'group-a' : 'org-a'}.json`), '{"title":"New title"}')
  }
  const words = ['updates', pathOf('updates')]
  assert.match((await sync(words)).errors, /organizations: 0 created, 0 updated.*\ngroups: 0 created, 0 updated/)
  assert.match(
    (await sync([...words, '--update-groups', '--update-organizations'])).errors,
    /organizations: 0 created, 1 updated.*\ngroups: 0 created, 1 updated/,
  )
})

test('an interrupted run ends with 2, its state is saved, and --resume goes on there', async () => {
  const records = Array.from({ length: 1500 }, (_, at) => ({ id: `r-${at}`, name: `resumed-${at}`, private: 7 }))
  const good = records.slice(0, 60).map(({ id, name }) => JSON.stringify({ id, name }))
  const others = records.slice(60).map((record) => JSON.stringify(record))
  const state = ['--state', pathOf('resume.json')]
  const { errors, code } = await sync(['many', '-', ...state], {
    input: [...good, 'the line at which the test interrupts', ...others].join('\n'),
    onStart: (child) => child.stderr?.once('data', () => child.kill('SIGINT')),
  })
  assert.equal(code, 2, errors)
  assert.match(errors, /sync: interrupted\n$/)
  const { position, complete } = (await readReport('resume.json'))['millrace-sync:many']
  assert.equal(complete, false)
  assert.ok(position > 0 && position <= 60)
  const again = await sync(['many', '-', ...state, '--resume'], { input: good.join('\n') })
  assert.equal(again.code, 0, again.errors)
  assert.ok(again.errors.includes(` ${position} skipped, 0 failed`))
  assert.equal((await client.listDatasets()).length, 60)
})

test('words of sync that make no sense are refused before anything is sent', async () => {
  const refused: [string[], RegExp][] = [
    [['name'], /wanted the name of the source, and a folder, file or URL/],
    [['a:b', '-'], /the name of a source must be a text without colon/],
    [['a', pathOf('none.jsonl')], /ENOENT/],
    [['a', '-', '--resume'], /--resume needs --state FILE/],
    [['a', 'https://x.example', '--incremental'], /--incremental needs --state FILE/],
    [['a', '-', '--max-delete-fraction', '2'], /--max-delete-fraction must be from 0 to 1; got 2/],
    [['a', '-', '--groups', 'merge'], /--groups must be add or replace or preserve; got "merge"/],
    [['a', '-', '--concurrency', '0'], /--concurrency must be a whole number above 0; got "0"/],
    [['a', '-', '--rate', '0'], /requestsPerSecond must be a number above 0; got 0/],
    [['a', '-', '--delete-all'], /'--delete-all'/],
    [['a', '-', '--report', pathOf('no/report')], /ENOENT/],
    [['a', 'https://user:secret@x.example'], /must not hold credentials/],
  ]
  for (const [words, message] of refused) {
    const { output, errors, code } = await sync(words)
    assert.match(errors, message)
    assert.doesNotMatch(errors, /secret/)
    assert.deepEqual([output, code], ['', 1], words.join(' '))
  }
  await writeFile(pathOf('data.csv'), 'a,b\n')
  assert.match((await sync(['a', pathOf('data.csv')])).errors, /data\.csv is no source: wanted a folder, FILE\.jsonl, FILE\.sqlite/)
})
