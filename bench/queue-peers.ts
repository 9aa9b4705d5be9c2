import { spawn, spawnSync } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Queue, QueueEvents, Worker } from 'bullmq'
import { Logger, type Runner, run } from 'graphile-worker'
import { Redis } from 'ioredis'
import { Pool } from 'pg'
import { makeDatabase } from '../test/store.ts'
import { benchLegs } from './databases.ts'
import { callers, type Slice } from './measure.ts'

const data = 'x'.repeat(60)
const slots = 64

interface Peer {
  readonly name: string
  /** Submits a job that gives back what it gets, and waits until it has ended. */
  readonly once: () => Promise<unknown>
  stop(): Promise<void>
}

/** Job queues of others, each with a worker of 64 slots in this process, as long as what they need is on the machine. */
export class QueuePeers {
  readonly #peers: readonly Peer[]

  private constructor(peers: readonly Peer[]) {
    this.#peers = peers
  }

  static async start(): Promise<QueuePeers> {
    const started = [await startBullMq(), (await benchLegs()).includes('postgres') ? await startGraphile() : undefined]
    return new QueuePeers(started.filter((one) => one !== undefined))
  }

  /** For each of them: so many callers that submit and wait. */
  slices(count: number): [string, Slice][] {
    return this.#peers.map((peer) => [peer.name, callers(count, peer.once)])
  }

  async stop(): Promise<void> {
    for (const peer of this.#peers) await peer.stop()
  }
}

/** BullMQ on a Redis of its own that puts every write on disk before it answers. */
async function startBullMq(): Promise<Peer | undefined> {
  if (spawnSync('redis-server', ['--version']).status !== 0) {
    console.log('there is no redis-server; BullMQ is not measured')
    return undefined
  }
  const [folder, port] = [await mkdtemp(join(tmpdir(), 'millrace-bench-redis-')), await freePort()]
  const durable = ['--appendonly', 'yes', '--appendfsync', 'always', '--save', '']
  const redis = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, ...durable], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  for await (const chunk of redis.stdout.iterator({ destroyOnReturn: false })) if (String(chunk).includes('Ready to accept connections')) break
  redis.stdout.resume()
  const connection = new Redis(port, '127.0.0.1', { maxRetriesPerRequest: null })
  // Each job that is waited for listens to its queue.
  EventEmitter.defaultMaxListeners = 0
  const [queue, events] = [new Queue('bench', { connection }), new QueueEvents('bench', { connection })]
  const worker = new Worker('bench', async (job) => job.data, { connection, concurrency: slots })
  await Promise.all([queue.waitUntilReady(), events.waitUntilReady(), worker.waitUntilReady()])
  return {
    name: 'BullMQ, always',
    once: async () => (await queue.add('echo', { data }, { removeOnComplete: 1000 })).waitUntilFinished(events),
    async stop() {
      for (const one of [worker, events, queue]) await one.close()
      connection.disconnect()
      const gone = once(redis, 'exit')
      redis.kill()
      await gone
      await rm(folder, { recursive: true })
    },
  }
}

/** graphile-worker with its defaults but for the number of slots. */
async function startGraphile(): Promise<Peer> {
  const database = await makeDatabase('postgres')
  const pool = new Pool({ connectionString: database.url, max: 16 })
  // Its connections may outlive its stop by a moment, and the database is dropped then.
  pool.on('error', () => undefined)
  pool.on('connect', (client) => client.on('error', () => undefined))
  const runner: Runner = await run({
    pgPool: pool,
    concurrency: slots,
    noHandleSignals: true,
    logger: new Logger(() => () => undefined),
    taskList: { echo: async () => undefined },
  })
  const waiting = new Map<string, () => void>()
  const finish = ({ job }: { job: { id: string } }) => {
    const resolve = waiting.get(job.id)
    waiting.delete(job.id)
    if (resolve) resolve()
    else early.add(job.id)
  }
  /** Ended before the call that added them has come back. */
  const early = new Set<string>()
  runner.events.on('job:complete', finish)
  return {
    name: 'graphile-worker',
    async once() {
      const { id } = await runner.addJob('echo', { data })
      if (early.delete(id)) return
      await new Promise<void>((resolve) => waiting.set(id, resolve))
    },
    async stop() {
      await runner.stop()
      await pool.end()
      await database.drop()
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
