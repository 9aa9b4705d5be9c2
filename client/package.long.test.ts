// The package as it is published, in an empty project, under the oldest Node that it is for.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { buildPackages } from '../scripts/package-files.ts'
import { ADMIN_KEY, ForeignCkan } from './testing/foreign-ckan.ts'
import { activeNames } from './testing/sync-stage.ts'
import { withServer } from './testing/with-server.ts'

const root = join(import.meta.dirname, '..')
const out = join(root, 'dist', `client-${process.pid}`)
const project = mkdtempSync(join(tmpdir(), 'millrace-project-'))
const environment = { PATH: process.env['PATH'], HOME: project }

/** The Node of the system if it is an older one than that of the hub; else the one that runs this. */
function findOldNode(): string {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => !folder.includes('node_modules'))
  const found = folders.map((folder) => join(folder, 'node')).filter((path) => existsSync(path))
  return found.find((path) => /^v2[0-3]\./.test(spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout)) ?? process.execPath
}

const node = findOldNode()

function npm(words: string[], cwd: string): string {
  const { status, stdout, stderr } = spawnSync('npm', words, { cwd, env: environment, encoding: 'utf8' })
  assert.equal(status, 0, `npm ${words[0]}: ${stderr}`)
  return stdout.trim()
}

before(() => {
  buildPackages(out)
  const packed = npm(['pack', '--pack-destination', project, '--loglevel=error'], join(out, 'client'))
  writeFileSync(join(project, 'package.json'), '{"name": "empty", "version": "1.0.0", "private": true, "type": "module"}')
  npm(['install', '--offline', '--no-audit', '--no-fund', `./${packed}`], project)
})
after(() => {
  for (const folder of [out, project]) rmSync(folder, { recursive: true, force: true })
})

test('the package needs nothing else and brings no sources and no tests', () => {
  const installed = JSON.parse(readFileSync(join(project, 'node_modules/@millrace/client/package.json'), 'utf8'))
  assert.deepEqual([installed.dependencies, installed.engines], [undefined, { node: '>=20' }])
  const listed = JSON.parse(npm(['ls', '--all', '--json'], project))
  assert.deepEqual(Object.keys(listed.dependencies), ['@millrace/client'])
})

test('only the entry for Node needs Node', () => {
  const folder = join(project, 'node_modules/@millrace/client')
  const files = globSync('**/*.js', { cwd: folder })
  const needing = files.filter((file) => /from 'node:|process\.|Buffer\./.test(readFileSync(join(folder, file), 'utf8')))
  const others = needing.filter((file) => !file.startsWith('cli/') && file !== 'bin.js')
  assert.deepEqual(others.sort(), ['node/file-state-store.js', 'node/json-lines.js'])
})

test('npx runs its command', async () => {
  const ckan = new ForeignCkan()
  await withServer(ckan.answer, async ({ url }) => {
    const environment = {
      ...process.env,
      HOME: project,
      CKAN_URL: url,
      CKAN_API_KEY: ADMIN_KEY,
      PATH: `${join(node, '..')}${delimiter}${process.env['PATH']}`,
    }
    const child = spawn('npx', ['@millrace/client', 'action', 'package_create', 'name=by-command'], {
      cwd: project,
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
    assert.deepEqual([JSON.parse(output).name, errors, code], ['by-command', '', 0])
  })
})

const isOld = /^v2[01]\./.test(spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout)

test('a Node without SQLite refuses a SQLite source, and says which one is needed', { skip: isOld ? false : 'there is no Node 20 or 21' }, () => {
  writeFileSync(join(project, 'source.sqlite'), '')
  const words = [join(project, 'node_modules/@millrace/client/bin.js'), 'sync', 'source', 'source.sqlite', '-r', 'http://127.0.0.1:9']
  const { stderr, status } = spawnSync(node, words, { cwd: project, env: environment, encoding: 'utf8' })
  assert.match(stderr, /a SQLite source needs Node 22\.13 or newer; this is 2[01]\./)
  assert.equal(status, 1)
})

const program = `
import { CkanHighLevelClient, CkanNotFoundError, CkanSyncClient } from '@millrace/client'
import { FileStateStore, readJsonLines } from '@millrace/client/node'
const options = { apiKey: process.env.CKAN_API_KEY }
const client = new CkanHighLevelClient(process.env.CKAN_URL, options)
const dataset = await client.createDataset({ name: 'by-hand', title: 'By hand' })
await client.wipeDataset(dataset.id)
try {
  await client.getDataset(dataset.id)
} catch (error) {
  console.log(error instanceof CkanNotFoundError, error.reason)
}
const sync = new CkanSyncClient(process.env.CKAN_URL, { ...options, stateStore: new FileStateStore('state.json') })
for (const round of ['first', 'second']) {
  const { created, unchanged } = (await sync.sync('lines', { datasets: readJsonLines('data.jsonl') })).datasets
  console.log(round, created, unchanged)
}
`

test(`it works under ${node === process.execPath ? 'this Node, since there is no older one' : 'an older Node'}`, async () => {
  writeFileSync(join(project, 'main.js'), program)
  writeFileSync(join(project, 'data.jsonl'), [1, 2, 3].map((id) => JSON.stringify({ id, name: `d-${id}` })).join('\n'))
  const ckan = new ForeignCkan()
  await withServer(ckan.answer, async ({ url }) => {
    const child = spawn(node, ['main.js'], { cwd: project, env: { CKAN_URL: url, CKAN_API_KEY: ADMIN_KEY }, stdio: ['ignore', 'pipe', 'pipe'] })
    const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
    assert.deepEqual([output, errors, code], ['true deleted\nfirst 3 0\nsecond 0 3\n', '', 0])
  })
  assert.deepEqual(activeNames(ckan), { 'lines:1': 'd-1', 'lines:2': 'd-2', 'lines:3': 'd-3' })
  assert.equal(JSON.parse(readFileSync(join(project, 'state.json'), 'utf8'))['millrace-sync:lines'].complete, true)
})

const typed = `
import { CkanHighLevelClient, CkanSyncClient, ckanSource, type SyncReport } from '@millrace/client'
import { readJsonLines } from '@millrace/client/node'
const client = new CkanHighLevelClient('https://data.example.org')
const { id } = await client.createDataset({ name: 'a' })
const text: string = id
const sync = new CkanSyncClient(client.lowLevel, { deleteMode: 'wipe' })
const report: SyncReport = await sync.sync('s', { datasets: ckanSource('https://other.example') })
await sync.sync(text, { datasets: readJsonLines('x.jsonl'), groups: [{ name: 'g' }], organizations: { o: { title: 'O' } } })
export const created: number = report.datasets.created
// @ts-expect-error: there is no such mode
new CkanSyncClient(client.lowLevel, { deleteMode: 'erase' })
`

test('its types are those of a strict project', () => {
  writeFileSync(join(project, 'typed.ts'), typed)
  symlinkSync(join(root, 'node_modules/@types'), join(project, 'node_modules/@types'))
  symlinkSync(join(root, 'node_modules/undici-types'), join(project, 'node_modules/undici-types'))
  const flags = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2022', '--types', 'node', '--skipLibCheck', 'false']
  const { stdout, status } = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), ...flags, 'typed.ts'], {
    cwd: project,
    encoding: 'utf8',
  })
  assert.deepEqual([stdout, status], ['', 0])
})
