import { randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { fastify } from 'fastify'
import { makeDatabase } from '../test/store.ts'
import { benchLegs } from './databases.ts'
import { callers, compare, median, report, type Slice } from './measure.ts'
import { QueuePeers } from './queue-peers.ts'
import { type Server, startHub, startServer, Wires } from './wire.ts'

/** As many as waited-for functions have anyway; with the usual number, that of cores, trivial functions wait for one another. */
const slots = 16
const key = 'bench-sysadmin-key-0001'
const data = 'x'.repeat(60)
const submission = (type: string) => JSON.stringify({ job_type: type, api_key: key, data })

/** The job service over HTTP, on each database: jobs that are waited for, jobs that are fetched, and what many jobs leave behind. */
export async function serviceBench(): Promise<void> {
  const peers = await QueuePeers.start()
  try {
    for (const leg of await benchLegs()) {
      const [database, folder] = [await makeDatabase(leg), await mkdtemp(join(tmpdir(), 'millrace-bench-'))]
      const environment = {
        MILLRACE_DATA_DIR: folder,
        PORT: '0',
        LOG_LEVEL: 'warn',
        MILLRACE_ADMIN_API_KEY: key,
        DATABASE_URL: database.url,
        MILLRACE_CONCURRENCY: String(slots),
      }
      const hub = await startHub(environment)
      const bare = await startServer([fileURLToPath(import.meta.url), 'bare'], {})
      try {
        await syncLine(leg, bare, hub)
        for (const count of [1, 16, 64]) await asyncLines(leg, hub, peers, count)
        await memoryLine(leg, hub)
      } finally {
        for (const one of [hub, bare]) one.child.kill()
        await rm(folder, { recursive: true })
        await database.drop()
      }
    }
  } finally {
    await peers.stop()
  }
}

/** Submits a job and has its result in the answer. */
export function syncSlice(server: Server, count: number): Slice {
  return async (ms) => {
    const wires = new Wires(count, server.port, key)
    const units = await callers(count, async () => {
      const answer = (await wires.use((wire) => wire.post('/job', submission('echo')))).toString()
      if (!answer.includes('"complete"')) throw new Error(answer)
    })(ms)
    wires.close()
    return units
  }
}

async function syncLine(leg: string, bare: Server, hub: Server): Promise<void> {
  const sides = { reference: syncSlice(bare, 16), own: syncSlice(hub, 16) }
  report(await compare(`${leg}: echo over HTTP, waited for, 16 callers`, '0.15', sides))
}

/** Submits a job, then asks for it until it has ended: first a little before the time that jobs take by now, else the asking would be measured. */
export function asyncSlice(hub: Server, count: number): Slice {
  let expectedMs = 1
  return async (ms) => {
    const wires = new Wires(count, hub.port, key)
    const units = await callers(count, () =>
      wires.use(async (wire) => {
        const { job_id: id } = JSON.parse((await wire.post('/job', submission('echo_async'))).toString())
        if (id === undefined) throw new Error('the job was not taken')
        const from = performance.now()
        for (let waitMs = 0.7 * expectedMs; ; waitMs = expectedMs / 4) {
          await pause(Math.max(1, waitMs))
          const answer = (await wire.get(`/job/${id}`)).toString()
          if (answer.includes('"complete"')) break
          if (!answer.includes('"pending"')) throw new Error(answer)
        }
        expectedMs += (performance.now() - from - expectedMs) / 8
      }),
    )(ms)
    wires.close()
    return units
  }
}

async function asyncLines(leg: string, hub: Server, peers: QueuePeers, count: number): Promise<void> {
  const own = asyncSlice(hub, count)
  const aim = count === 64 && leg === 'sqlite' ? 'over 1, and 2,000/s' : 'shown'
  for (const [name, slice] of peers.slices(count)) {
    report(await compare(`${leg}: echo_async over HTTP with its result, ${count} callers; ${name}`, aim, { reference: slice, own, rounds: 3 }))
  }
}

/** Memory of the hub while 50,000 jobs pass. */
async function memoryLine(leg: string, hub: Server): Promise<void> {
  const [jobs, steps] = [50_000, 5]
  const seen: number[] = [await residentMiB(hub)]
  for (let step = 0; step < steps; step++) {
    const wires = new Wires(64, hub.port, key)
    let left = jobs / steps
    const caller = async () => {
      while (left-- > 0) await wires.use((wire) => wire.post('/job', submission('echo')))
    }
    await Promise.all(Array.from({ length: 64 }, caller))
    wires.close()
    seen.push(await residentMiB(hub))
  }
  const name = `${leg}: memory of the hub after each 10,000 of ${jobs.toLocaleString('en')} jobs, MiB`
  console.log(`${name.padEnd(56)} ${seen.map((one) => one.toFixed(0)).join('  ')}  (aim: flat; median ${median(seen).toFixed(0)})`)
}

async function residentMiB({ child }: Server): Promise<number> {
  return Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${child.pid}/status`, 'utf8'))?.[1]) / 1024
}

/** The reference: a route that takes the same body and gives the same answer, and keeps nothing. */
async function bareServer(): Promise<void> {
  const app = fastify({ logger: false })
  app.post<{ Body: { job_type: string; data: unknown } }>('/job', async (request) => {
    const now = new Date().toISOString()
    const { job_type, data: sent } = request.body
    const answer = { job_id: randomUUID(), job_type, status: 'complete', data: sent, error: null, requested_timestamp: now, finished_timestamp: now }
    return { ...answer, sent_data: sent, aps_job_id: null, result_url: null, metadata: {}, logs: [], progress: null, waiting: null }
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const address = app.server.address()
  console.log(`listens on http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`)
}

if (process.argv[2] === 'bare') await bareServer()
