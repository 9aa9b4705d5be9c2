import { execFile, execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { globSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A PostgreSQL server of the test's own, which it may stop and start as it likes. */
export interface PrivatePostgres {
  readonly url: string
  start(): Promise<void>
  /** `immediate` ends it like a crash: it recovers from its log at the next start. */
  stop(mode: 'fast' | 'immediate'): Promise<void>
  /** Stops it and removes everything. */
  close(): Promise<void>
}

/** The folder of PostgreSQL's programs, undefined where there is none. */
export const postgresPrograms = globSync('/usr/lib/postgresql/*/bin/pg_ctl')
  .sort()
  .at(-1)
  ?.replace(/\/pg_ctl$/, '')

/** The server refuses to run as root. */
const isRoot = process.getuid?.() === 0

async function runAsPostgres(program: string, words: readonly string[]): Promise<void> {
  const path = join(postgresPrograms ?? '', program)
  const [command, ...rest] = isRoot ? ['runuser', '-u', 'postgres', '--', path, ...words] : [path, ...words]
  await run(command ?? '', rest, { cwd: '/' })
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  return typeof address === 'object' && address ? address.port : 0
}

/** Makes a server in a temporary folder and starts it. */
export async function startPrivatePostgres(): Promise<PrivatePostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-postgres-'))
  if (isRoot) execFileSync('chown', ['postgres', folder])
  const port = await freePort()
  const data = join(folder, 'data')
  await runAsPostgres('initdb', ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'])
  const settings = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=${folder}`
  const start = () => runAsPostgres('pg_ctl', ['start', '-w', '-D', data, '-l', join(folder, 'log'), '-o', settings])
  const stop = (mode: 'fast' | 'immediate') => runAsPostgres('pg_ctl', ['stop', '-w', '-D', data, '-m', mode])
  const close = async () => {
    await stop('immediate').catch(() => undefined)
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await start()
  } catch (error) {
    await close()
    throw error
  }
  return { url: `postgres://postgres@127.0.0.1:${port}/postgres`, start, stop, close }
}
