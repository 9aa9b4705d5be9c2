import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { after, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { adminKey, makeEnvironment } from './hub.ts'
import { sampleResource, serveSamples } from './sample-data.ts'
import { openTestStore } from './store.ts'

// A hub process is killed at random moments of its flows, again and again. Every acknowledged upload must end exactly once.

const rounds = Number(process.env['MILLRACE_KILL_ROUNDS'] ?? 15)
const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))

const data = await serveSamples()
const port = await freePort()
const { environment, drop } = await makeEnvironment({ PORT: String(port) })
const url = `http://127.0.0.1:${port}`
let server: ChildProcess | undefined

after(async () => {
  if (server) await kill(server)
  data.close()
  await drop()
})

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  return typeof address === 'object' && address ? address.port : 0
}

async function kill(process: ChildProcess): Promise<void> {
  if (process.exitCode !== null || process.signalCode !== null) return
  process.kill('SIGKILL')
  await once(process, 'exit')
}

/** Starts the hub as people do, and waits until it answers. */
async function start(): Promise<ChildProcess> {
  const started = spawn(process.execPath, [main, 'serve'], {
    env: { ...environment, PATH: process.env['PATH'] },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  for await (const chunk of started.stdout) {
    said += chunk
    if (said.includes('listens on')) break
  }
  assert.match(said, /listens on/)
  started.stdout.resume()
  return started
}

const getJson = async <T>(path: string, headers: Record<string, string> = {}) => (await fetch(url + path, { headers })).json() as Promise<T>

async function uploader(): Promise<{ token: string; userid: string }> {
  return getJson('/auth/authorize?service=source', { authorization: adminKey })
}

const names = ['airports', 'seattle_weather', 'co2_concentration', 'unemployment'] as const

function specOf(ownerid: string, dataset: string, round: number) {
  const resource = sampleResource(names[round % names.length] ?? 'airports')
  const descriptor = { name: dataset, resources: [resource] }
  return { meta: { ownerid, dataset }, inputs: [{ kind: 'datapackage', url: `${data.url}/datapackage.json`, parameters: { descriptor } }] }
}

/** Uploads; undefined when the hub was gone before it answered. */
async function upload(spec: unknown, token: string): Promise<string | undefined> {
  try {
    const answer = await fetch(`${url}/source/upload`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'auth-token': token },
      body: JSON.stringify(spec),
    })
    return ((await answer.json()) as { flow_id: string }).flow_id
  } catch {
    return undefined
  }
}

interface Flow {
  readonly id: string
  readonly state: string
  readonly stats: { readonly count_of_rows: number }
  readonly error_log: readonly string[]
  readonly pipelines: Readonly<Record<string, { readonly status: string }>>
}

async function flowEnd(flowId: string): Promise<Flow> {
  for (const deadline = Date.now() + 120_000; ; await pause(50)) {
    const flow = await getJson<Flow>(`/source/${flowId}`)
    if (flow.state === 'SUCCEEDED' || flow.state === 'FAILED') return flow
    if (Date.now() > deadline) assert.fail(`${flowId} does not end: ${JSON.stringify(flow, null, 1)}`)
  }
}

interface Resource {
  readonly name: string
  readonly url: string
  readonly size: number
  readonly hash: string
}

/** The dataset is in the catalogue once, and each of its files matches its hash. */
async function checkPublished(dataset: string, { id: flowId, stats }: Flow): Promise<void> {
  const { result } = await getJson<{ result: { resources: Resource[]; extras: { key: string; value: string }[] } }>(
    `/api/action/package_show?id=${dataset}`,
  )
  // Tables of more than 2000 rows have a preview as well.
  assert.equal(result.resources.length, stats.count_of_rows > 2000 ? 6 : 5)
  assert.ok(result.extras.some((one) => one.key === 'source_flow_id' && one.value === flowId))
  for (const one of result.resources) {
    const bytes = Buffer.from(await (await fetch(one.url)).arrayBuffer())
    assert.deepEqual([bytes.length, createHash('md5').update(bytes).digest('hex')], [one.size, one.hash], one.url)
  }
  const listed = await getJson<{ result: string[] }>('/api/action/package_list')
  assert.equal(listed.result.filter((name) => name === dataset).length, 1)
}

/** One done job for each pipeline, nothing left open, all slots free. */
async function checkRows(flowIds: readonly string[]): Promise<void> {
  const { DATABASE_URL: address = '' } = environment
  const store = await openTestStore(address)
  try {
    const jobs = await store.db.selectFrom('job').select(['subject', 'state']).where('type', '=', 'source-pipeline').execute()
    const done = jobs.filter((one) => one.state === 'done').map((one) => one.subject)
    assert.deepEqual([done.length, new Set(done).size, jobs.length], [flowIds.length * 7, flowIds.length * 7, flowIds.length * 7])
    assert.deepEqual(await store.db.selectFrom('flow_slot').select('no').where('flow_id', 'is not', null).execute(), [])
    for (const flowId of flowIds) {
      const { n } = await store.db
        .selectFrom('flow_file')
        .select((eb) => eb.fn.countAll<number>().as('n'))
        .where('flow_id', '=', flowId)
        .where('path', 'not like', '%datapackage.json')
        .executeTakeFirstOrThrow()
      assert.ok(n === 5 || n === 6, `${flowId} has ${n} files`)
    }
  } finally {
    await store.close()
  }
}

test('a flow survives any number of kill -9 of its hub: it succeeds, with nothing doubled and nothing lost', async (t) => {
  server = await start()
  const { token, userid } = await uploader()
  const flowIds: string[] = []
  let kills = 0
  for (let round = 0; round < rounds; round++) {
    const dataset = `killed${round % 4}`
    const uploading = upload(specOf(userid, dataset, round), token)
    // Every fourth round the blow falls while the upload is under way.
    const acknowledged = round % 4 === 3 ? undefined : await uploading
    for (let blow = 0; blow <= round % 3; blow++) {
      await pause(Math.random() * (acknowledged === undefined && blow === 0 ? 60 : 1500))
      await kill(server)
      kills++
      server = await start()
    }
    const flowId = acknowledged ?? (await uploading) ?? (await newestOf(userid, dataset, flowIds))
    if (flowId === undefined) continue
    flowIds.push(flowId)
    const flow = await flowEnd(flowId)
    assert.deepEqual([flow.state, flow.error_log], ['SUCCEEDED', []], flowId)
    assert.deepEqual(
      Object.values(flow.pipelines).map((one) => one.status),
      Array(7).fill('SUCCEEDED'),
    )
    await checkPublished(dataset, flow)
  }
  await checkRows(flowIds)
  t.diagnostic(`${kills} kills in ${flowIds.length} flows`)
})

/** An upload that was never answered has either happened or not: the flow that it left, if any. */
async function newestOf(userid: string, dataset: string, known: readonly string[]): Promise<string | undefined> {
  const answer = await fetch(`${url}/source/${userid}/${dataset}/latest`)
  if (answer.status === 404) return undefined
  const { id } = (await answer.json()) as Flow
  return known.includes(id) ? undefined : id
}
