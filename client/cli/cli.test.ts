import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { startHub, type TestHub } from '../../test/hub.ts'
import { CkanLowLevelClient } from '../index.ts'
import { runProcess } from '../testing/command.ts'
import { VERSION } from '../version.ts'
import { findPass } from './connection.ts'
import { sortedJson } from './json-text.ts'
import { Progress } from './progress.ts'

let hub: TestHub
let folder: string
let environment: Record<string, string>
before(async () => {
  hub = await startHub({}, { http: true, workers: false })
  folder = await mkdtemp(join(tmpdir(), 'millrace-command-'))
  environment = { CKAN_URL: hub.url, CKAN_API_KEY: hub.adminKey, HOME: folder }
  const client = new CkanLowLevelClient(hub.url, { apiKey: hub.adminKey })
  await client.createDataset({ name: 'bus-stops', title: 'Bus stops', notes: 'ÄÖ "quoted"' })
  await client.createDataset({ name: 'trams', title: 'Trams' })
})
after(async () => {
  await hub.close()
  await rm(folder, { recursive: true })
})

const run = (...words: string[]) => runProcess(words, { environment })

test('action prints the result with sorted keys; texts, JSON and input from files and standard input are its parameters', async () => {
  const shown = await run('action', 'package_show', 'id=bus-stops')
  assert.deepEqual([shown.errors, shown.code], ['', 0])
  const keys = Object.keys(JSON.parse(shown.output))
  assert.deepEqual(keys, [...keys].sort())
  assert.match(shown.output, /^\{\n {2}"author"/)
  const lines = await run('action', 'package_list', 'limit:1', '-j')
  assert.deepEqual(lines, { output: '"bus-stops"\n', errors: '', code: 0 })
  await writeFile(join(folder, 'input.json'), '{"id": "trams"}')
  assert.equal(JSON.parse((await run('action', 'package_show', '-I', join(folder, 'input.json'))).output).title, 'Trams')
  const typed = await runProcess(['action', 'package_show', '-i'], { environment, input: '{"id": "trams"}' })
  assert.equal(JSON.parse(typed.output).title, 'Trams')
})

test('action uploads a file', async () => {
  const path = join(folder, 'stops.csv')
  await writeFile(path, 'a,b\n1,2\n')
  const { output, errors, code } = await run('action', 'resource_create', 'package_id=bus-stops', 'name=stops', `upload@${path}`)
  assert.deepEqual([errors, code], ['', 0])
  const { url } = JSON.parse(output)
  assert.match(url, /stops\.csv$/)
  assert.equal(await (await fetch(new URL(new URL(url).pathname, hub.url))).text(), 'a,b\n1,2\n')
})

test('search writes JSON lines with sorted keys and no spaces, packed where that is asked for', async () => {
  const found = await run('search', 'datasets', 'q=trams', '-q')
  assert.deepEqual([found.errors, found.code], ['', 0])
  assert.equal(found.output, `${sortedJson(JSON.parse(found.output))}\n`)
  assert.equal(JSON.parse(found.output).name, 'trams')
  const path = join(folder, 'all.jsonl.gz')
  assert.deepEqual(await run('search', 'datasets', 'sort=name desc', 'include_private:false', '-z', '-O', path), { output: '', errors: '', code: 0 })
  const names = gunzipSync(await readFile(path))
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).name)
  assert.deepEqual(names, ['trams', 'bus-stops'])
})

test('words that are not understood are named, with what to do, and nothing is sent', async () => {
  const refused: [string[], RegExp][] = [
    [['dmp'], /no command "dmp"\. The commands are action, /],
    [['action'], /name the action, such as package_show/],
    [['action', 'x-y'], /letters, digits and _ only; got "x-y"/],
    [['action', 'site_read', '--colour'], /'--colour'.*usage: millrace-client action NAME.*action --help explains it/s],
    [['action', 'site_read', 'id'], /"id" is none of KEY=TEXT, KEY:JSON and KEY@FILE/],
    [['action', 'site_read', 'rows:x'], /rows: "x" is not JSON/],
    [['action', 'site_read', 'a=1', 'a=2'], /the parameter a was given twice/],
    [['action', 'site_read', 'a=1', '-i'], /give one of them/],
    [['action', 'site_read', '-i', '-I', 'x'], /--input-json and --input exclude each other/],
    [['action', 'x', 'tags:[]', `upload@${join(folder, 'none.csv')}`], /none\.csv cannot be read/],
    [['action', 'site_read', '-I', join(folder, 'none.json')], /none\.json cannot be read/],
    [['action', 'site_read', '-r', 'a', '-r', 'b'], /--remote was given twice/],
    [['action', 'site_read', '-r', 'ftp://x'], /--remote: the base URL must be an absolute http or https address/],
    [['search', 'groups'], /only datasets can be searched; got "groups"/],
    [['search', 'datasets', 'rows:1'], /a search has no rows; it takes q, fq, sort, include_private, include_drafts/],
    [['search', 'datasets', 'include_private=no'], /must be include_private:true or include_private:false/],
    [['search', 'datasets', '-O', join(folder, 'no', 'file')], /ENOENT/],
  ]
  for (const [words, message] of refused) {
    const { output, errors, code } = await run(...words)
    assert.match(errors, message)
    assert.deepEqual([output, code], ['', 1], words.join(' '))
  }
  const { errors, code } = await runProcess(['action', 'site_read'], { environment: { HOME: folder } })
  assert.match(errors, /no address: give the catalogue as --remote URL or in the environment variable CKAN_URL/)
  assert.equal(code, 1)
})

test('refusals of the catalogue are one line without the key, and exit code 1', async () => {
  const { output, errors, code } = await run('action', 'package_show', 'id=nothing')
  assert.deepEqual([output, code], ['', 1])
  assert.match(errors, /^millrace-client action: [^\n]+\n$/)
  const taken = await run('action', 'package_create', 'name=trams')
  assert.match(taken.errors, /^millrace-client action: name: /)
  const secret = 'a-secret-key-of-no-user'
  const wrong = await run('action', 'package_create', 'name=x', '-a', secret)
  assert.equal(wrong.code, 1)
  assert.ok(!(wrong.errors + wrong.output).includes(secret))
})

test('the key comes from the option, else CKAN_API_KEY, else the line of the address in ~/.ckanpass', async () => {
  const path = join(folder, '.ckanpass')
  const created = (name: string, words: string[] = []) =>
    runProcess(['action', 'package_create', `name=${name}`, '-r', `${hub.url}/`, ...words], { environment: { HOME: folder } })
  assert.equal((await created('from-file')).code, 1)
  await writeFile(path, `# keys\n\nhttps\\://other.example:x\n${hub.url.replaceAll(':', '\\:')}:${hub.adminKey}\n`)
  assert.equal((await created('from-file')).code, 0)
  assert.equal((await created('from-option', ['-a', 'wrong-key'])).code, 1)
  await writeFile(path, 'no-key-here-but-a-secret\n')
  const { errors, code } = await created('broken')
  assert.match(errors, /\.ckanpass: line 1 is not URL:KEY/)
  assert.doesNotMatch(errors, /secret/)
  assert.equal(code, 1)
  await rm(path)
})

test('a command that waits for more input ends with 2 when it is interrupted', async () => {
  const onStart = (child: ChildProcess) => child.stderr?.once('data', () => child.kill('SIGINT'))
  for (const words of [
    ['load', 'datasets'],
    ['delete', 'datasets', '-I', '-'],
    ['sync', 'waiting', '-'],
  ]) {
    const { errors, code } = await runProcess(words, { environment, input: '7\n', staysOpen: true, onStart })
    assert.match(errors, /line 1 .*interrupted\n$|line 1: .*interrupted\n$/s)
    assert.equal(code, 2, words.join(' '))
  }
})

test('an output that its reader closes is an error in one line', async () => {
  for (const words of [['--help'], ['search', 'datasets', '-q']]) {
    const { errors, code } = await runProcess(words, { environment, onStart: (child) => child.stdout?.destroy() })
    assert.match(errors, /^millrace-client[^\n]*: [^\n]*EPIPE\n$/)
    assert.equal(code, 1)
  }
})

test('a pass file: the last colon ends the address, a backslash keeps the character behind it', () => {
  assert.equal(findPass('http://h.example:5000:key', 'http://h.example:5000'), 'key')
  assert.equal(findPass('http\\://h.example\\:5000/:a\\:b\\\\c\r\n', 'http://h.example:5000'), 'a:b\\c')
  assert.equal(findPass('http://a.example:1\nhttp://b.example:2', 'http://b.example'), '2')
  assert.equal(findPass('http://a.example:1', 'http://b.example'), undefined)
  assert.throws(() => findPass('http://a.example:', 'http://a.example'), /line 1/)
})

test('help names every option; millrace has the commands too', async () => {
  assert.deepEqual(await run('--version'), { output: `${VERSION}\n`, errors: '', code: 0 })
  const { output } = await run('search', '--help')
  for (const option of ['--output', '--gzip', '--quiet', '--remote', '--apikey', 'include_drafts']) assert.ok(output.includes(option), option)
  const program = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
  const listed = await runProcess(['action', 'package_list', 'limit:1', '-j'], { environment, program })
  assert.deepEqual(listed, { output: '"bus-stops"\n', errors: '', code: 0 })
  assert.match((await runProcess(['action', '-h'], { environment, program })).output, /^usage: millrace action NAME/)
  assert.match((await runProcess(['--help'], { environment, program })).output, /millrace serve.*for any catalogue, by HTTP:\n {2}millrace action …/s)
})

test('JSON is sorted at every level, keys that look like numbers as texts', () => {
  assert.equal(sortedJson(JSON.parse('{"b":[{"z":1,"a":null}],"10":"ä\\n","9":{}}')), '{"10":"ä\\n","9":{},"b":[{"a":null,"z":1}]}')
  assert.equal(sortedJson({ b: [1], a: {} }, 2), '{\n  "a": {},\n  "b": [\n    1\n  ]\n}')
})

test('progress is a bar on a terminal, else a line after each pause, and nothing where it is not wanted', async () => {
  const written: string[] = []
  const bar = new Progress({ isTTY: true, write: (text) => written.push(text) })
  bar.update('datasets', 5, 10)
  bar.end()
  assert.deepEqual(written, [`\r\x1b[K[${'#'.repeat(15)}${'.'.repeat(15)}] datasets 5 of 10`, '\n'])
  const kept = setInterval(() => undefined, 1000)
  const line = await new Promise<string>((resolve) => {
    const lines = new Progress({ write: resolve }, 1)
    lines.update('datasets', 3, null)
  })
  clearInterval(kept)
  assert.equal(line, 'datasets 3\n')
  new Progress(null).update('datasets', 1, 2)
})
