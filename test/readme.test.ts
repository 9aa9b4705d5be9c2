import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { serveFolder } from '../scripts/file-server.ts'
import { loadJobModules } from '../src/executors/function/job-modules.ts'
import { startHub } from './hub.ts'

const run = promisify(execFile)
const root = dirname(import.meta.dirname)
const folder = mkdtempSync(join(tmpdir(), 'millrace-readme-'))
const hub = await startHub()
const sample = await serveFolder(join(root, 'node_modules/vega-datasets/data'))
after(async () => {
  await sample.close()
  await hub.close()
  rmSync(folder, { recursive: true })
})

/** The shell blocks of a page, in order, with the addresses and the key of this test in place of those that are printed. */
function readBlocks(page: string, replaced: Record<string, string>): string[] {
  const blocks = [...readFileSync(join(root, page), 'utf8').matchAll(/^```sh\n(.*?)^```$/gms)].map((match) => match[1] ?? '')
  return blocks.map((block) => Object.entries(replaced).reduce((text, [from, to]) => text.replaceAll(from, to), block))
}

/** Runs blocks one by one as a reader's shell would, which keeps its variables. `npm run …` belongs to other terminals and is left out. */
function makeShell(name: string) {
  const state = join(folder, `${name}.state`)
  return async (block: string): Promise<string> => {
    const own = block.replaceAll(/^(?:[A-Z_]+=\S+ )?npm (ci|run|test|start).*$/gm, '')
    const script = `set -eu\ncd "${folder}"\nif [ -f "${state}" ]; then . "${state}"; fi\n${own}\nfor name in HUB KEY AUTH TOKEN OWNER JOB ID JOBKEY; do if [ -n "\${!name:-}" ]; then declare -p $name; fi; done >"${state}"\n`
    const { stdout } = await run('bash', ['-c', script], { timeout: 20_000 })
    return stdout
  }
}

interface Flow {
  readonly id: string
  readonly state: string
  readonly stats: { readonly count_of_rows: number }
  readonly error_log: readonly string[]
  readonly pipelines: Readonly<Record<string, { readonly status: string }>>
}

/** Asks until the flow has ended. */
async function waitForEnd(flowId: string): Promise<Flow> {
  for (const end = performance.now() + 45_000; performance.now() < end; await pause(50)) {
    const flow: Flow = JSON.parse(await (await fetch(`${hub.url}/source/${flowId}`)).text())
    if (flow.state === 'SUCCEEDED' || flow.state === 'FAILED') return flow
  }
  throw new Error(`${flowId} has not ended within 45 s`)
}

const replaced = { 'http://127.0.0.1:5000': hub.url, 'the-API-key-that-was-shown': hub.adminKey, 'http://127.0.0.1:8000': sample.url }

test('the first example of the README publishes a real CSV', async () => {
  const shell = makeShell('readme')
  const [, , , token = '', upload = '', status = '', show = ''] = readBlocks('README.md', replaced)
  assert.equal(await shell(token), 'The key is known.\n')
  const answer = JSON.parse(await shell(upload))
  assert.deepEqual([answer.success, answer.errors], [true, []])
  const ended = await waitForEnd(answer.flow_id)
  assert.deepEqual(ended.error_log, [])
  const flow: Flow = JSON.parse(await shell(status))
  assert.deepEqual([flow.state, flow.id, flow.stats.count_of_rows, Object.keys(flow.pipelines).length], ['SUCCEEDED', answer.flow_id, 1461, 7])
  const [shown, found] = (await shell(show)).split(/(?<=\})(?=\{)/).map((text) => JSON.parse(text).result)
  assert.deepEqual([shown.name, shown.resources.length], ['seattle-weather', 5])
  assert.equal(found.count, 1)
})

test('the README says when the key is wrong', async () => {
  const [, , , token = ''] = readBlocks('README.md', { ...replaced, 'the-API-key-that-was-shown': 'another-key' })
  assert.equal(await makeShell('wrong-key')(token), 'the API key is not known\n')
})

test('the tutorial holds from the file to the fault', async () => {
  const trees = join(folder, 'trees')
  const blocks = readBlocks('docs/tutorial/first-dataset.md', { ...replaced, '/tmp/trees': trees })
  const shell = makeShell('tutorial')
  await shell(blocks[0] ?? '')
  const served = await serveFolder(trees)
  after(() => served.close())
  const [token = '', upload = '', status = '', show = '', fault = ''] = blocks
    .slice(1)
    .map((text) => text.replaceAll('http://127.0.0.1:8001', served.url))
  await shell(token)
  const first = JSON.parse(await shell(upload))
  assert.deepEqual([first.success, first.errors], [true, []])
  await waitForEnd(first.flow_id)
  assert.equal(JSON.parse(await shell(status)).state, 'SUCCEEDED')
  const { result } = JSON.parse(await shell(show))
  const json = result.resources.find((one: { name: string }) => one.name === 'trees_json')
  const bytes = Buffer.from(await (await fetch(hub.url + new URL(json.url).pathname)).arrayBuffer())
  assert.deepEqual([json.size, json.hash], [bytes.length, createHash('md5').update(bytes).digest('hex')])
  assert.deepEqual(JSON.parse(bytes.toString()), [
    { height: 18.5, id: 1, planted: '1931-04-02', protected: true, species: 'Quercus robur' },
    { height: 12, id: 2, planted: '1968-10-15', protected: false, species: 'Tilia cordata' },
    { height: null, id: 3, planted: '2004-03-21', protected: false, species: 'Ginkgo biloba' },
  ])
  const second = JSON.parse((await shell(fault)).split(/(?<=\})\s*(?=\{)/)[0] ?? '')
  const failed = await waitForEnd(second.flow_id)
  assert.equal(failed.state, 'FAILED')
  for (const word of ['trees.csv', 'row 2', 'height', 'tall']) assert.match(failed.error_log.join('\n'), new RegExp(word))
  const successful: Flow = JSON.parse(await (await fetch(`${hub.url}/source/${second.dataset_id}/successful`)).text())
  assert.equal(successful.id, first.flow_id)
})

test('the tutorial of functions holds from the empty folder to the titles', async () => {
  const jobs = join(folder, 'my-jobs')
  const blocks = (at: string) => readBlocks('docs/tutorial/first-function.md', { ...replaced, 'http://127.0.0.1:5000': at, '/tmp/my-jobs': jobs })
  const shell = makeShell('functions')
  const [file = '', , , , second = ''] = blocks(hub.url)
  await shell(file)
  await shell(second)
  const own = await startHub({ MILLRACE_JOBS: jobs })
  try {
    const [, , result = '', fault = '', , submit = '', show = ''] = blocks(own.url)
    const done = JSON.parse(await shell(result))
    assert.deepEqual([done.status, done.data, done.error, done.logs[0].message], ['complete', { words: 4, longest: 'easy' }, null, '4 words'])
    assert.equal(JSON.parse(await shell(fault)).error.message, 'data is not valid: text: must be string')
    const body = JSON.stringify({ name: 'trees', title: 'Trees of our park' })
    await own.http.inject({ method: 'POST', url: '/api/3/action/package_create', headers: { authorization: own.adminKey }, payload: body })
    await shell(submit)
    let job = JSON.parse(await shell(show))
    for (const end = performance.now() + 20_000; job.status === 'pending' && performance.now() < end; ) job = JSON.parse(await shell(show))
    assert.deepEqual([job.status, job.data], ['complete', ['Trees of our park']])
  } finally {
    await own.close()
  }
})

test('the functions that pages show are job modules as they are printed', async () => {
  const shown = join(folder, 'shown')
  mkdirSync(shown)
  for (const [no, page] of ['README.md', 'docs/how-to/schedule-a-function.md'].entries()) {
    const [, code = ''] = /^```ts\n(.*?)^```$/ms.exec(readFileSync(join(root, page), 'utf8')) ?? []
    writeFileSync(join(shown, `${no}.ts`), code)
  }
  const [shout, nightly] = await loadJobModules(shown, [])
  assert.deepEqual([shout?.name, nightly?.name, nightly?.schedule?.rule], ['shout', 'nightly', '30 2 * * * Europe/Berlin'])
})
