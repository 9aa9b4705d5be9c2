import { type ChildProcess, spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { dirname } from 'node:path'
import { median, type Slice } from './measure.ts'

const root = dirname(import.meta.dirname)

/** A server in a process of its own. */
export interface Server {
  readonly child: ChildProcess
  readonly port: number
}

/** Starts a hub as `npm start` does, but for the launcher; `folder` is a checkout, usually this one. */
export function startHub(environment: Readonly<Record<string, string>>, folder = root): Promise<Server> {
  return startServer(['--max-semi-space-size=8', 'src/main.ts', 'serve'], environment, folder)
}

/** Starts a program of a checkout that prints where it listens. */
export async function startServer(args: readonly string[], environment: Readonly<Record<string, string>>, folder = root): Promise<Server> {
  const child = spawn(process.execPath, args, { cwd: folder, env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'inherit'] })
  let printed = ''
  const port = await new Promise<number>((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      printed += chunk
      const found = /listens on http:\/\/[^:]+:(\d+)/.exec(printed)
      if (found?.[1]) resolve(Number(found[1]))
    })
    child.on('exit', (code) => reject(new Error(`ended with ${code}: ${printed}`)))
  })
  return { child, port }
}

/** A keep-alive connection that has one request under way at a time; light, so that the server is what is measured. */
export class Wire {
  readonly #socket: Socket
  readonly #key: string
  #received: Buffer = Buffer.alloc(0)
  #done: ((body: Buffer) => void) | undefined

  /** `key`: sent as `Authorization`, unless it is empty. */
  constructor(port: number, key = '') {
    this.#key = key
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true })
    this.#socket.on('data', (chunk) => this.#receive(chunk))
  }

  post(path: string, body: string): Promise<Buffer> {
    return this.#send(`POST ${path} HTTP/1.1\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}`, body)
  }

  get(path: string): Promise<Buffer> {
    return this.#send(`GET ${path} HTTP/1.1`, '')
  }

  close(): void {
    this.#socket.destroy()
  }

  #send(head: string, body: string): Promise<Buffer> {
    const authorization = this.#key && `\r\nauthorization: ${this.#key}`
    this.#socket.write(`${head}\r\nhost: bench${authorization}\r\n\r\n${body}`)
    return new Promise((resolve) => {
      this.#done = resolve
    })
  }

  #receive(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk])
    const head = this.#received.indexOf('\r\n\r\n')
    if (head < 0) return
    const length = Number(/content-length: (\d+)/i.exec(this.#received.toString('latin1', 0, head))?.[1])
    if (this.#received.length < head + 4 + length) return
    const body = this.#received.subarray(head + 4)
    this.#received = Buffer.alloc(0)
    this.#done?.(body)
  }
}

/** A connection for each caller of a slice: `use` hands out one that is free. */
export class Wires {
  readonly #all: readonly Wire[]
  readonly #free: Wire[]

  constructor(count: number, port: number, key = '') {
    this.#all = Array.from({ length: count }, () => new Wire(port, key))
    this.#free = [...this.#all]
  }

  async use<T>(run: (wire: Wire) => Promise<T>): Promise<T> {
    const wire = this.#free.pop()
    if (!wire) throw new Error('more callers than connections')
    const result = await run(wire)
    this.#free.push(wire)
    return result
  }

  close(): void {
    for (const wire of this.#all) wire.close()
  }
}

/** CPU time that a server takes for a request; swings less than requests per second where others use the machine. */
export class CpuMeter {
  readonly slice: Slice
  readonly #figures: number[] = []

  constructor(server: Server, slice: Slice) {
    this.slice = async (ms) => {
      const before = await cpuTicks(server)
      const units = await slice(ms)
      this.#figures.push((((await cpuTicks(server)) - before) * 10_000) / units)
      return units
    }
  }

  /** Microseconds, median over the slices. */
  perRequest(): number {
    return median(this.#figures)
  }
}

/** Hundredths of a second of user and system time. */
async function cpuTicks({ child }: Server): Promise<number> {
  const fields = (await readFile(`/proc/${child.pid}/stat`, 'latin1')).split(') ')[1]?.split(' ') ?? []
  return Number(fields[11]) + Number(fields[12])
}
