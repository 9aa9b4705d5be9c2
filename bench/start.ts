import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { median } from './measure.ts'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const bareServer =
  "const s = require('node:http').createServer((q, r) => r.end('{}')).listen(0, '127.0.0.1', () => console.log('listens on http://127.0.0.1:' + s.address().port))"

interface Started {
  readonly milliseconds: number
  readonly residentMiB: number
}

/** Starts a process, waits for its first answer, reads its memory, stops it. */
async function startOnce(args: readonly string[], environment: Record<string, string>, path: string): Promise<Started> {
  const from = performance.now()
  const child = spawn(process.execPath, args, { cwd: root, env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'inherit'] })
  let printed = ''
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      printed += chunk
      const found = /listens on (http:\S+)/.exec(printed)
      if (found?.[1]) resolve(found[1])
    })
    child.on('exit', (code) => reject(new Error(`ended with ${code}: ${printed}`)))
  })
  const answer = await fetch(url + path)
  if (!answer.ok) throw new Error(`answered ${answer.status}`)
  await answer.text()
  const milliseconds = performance.now() - from
  const status = await readFile(`/proc/${child.pid}/status`, 'utf8')
  const residentMiB = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024
  child.removeAllListeners('exit')
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  await ended
  return { milliseconds, residentMiB }
}

/** From nothing to the first answer, and memory after it, beside a bare server of Node. */
export async function startBench(): Promise<void> {
  const bare: Started[] = []
  const [fresh, again]: [Started[], Started[]] = [[], []]
  for (let round = 0; round < 5; round++) {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-'))
    const environment = { MILLRACE_DATA_DIR: folder, PORT: '0', LOG_LEVEL: 'warn', DATABASE_URL: '' }
    bare.push(await startOnce(['-e', bareServer], {}, '/'))
    fresh.push(await startOnce(['--max-semi-space-size=8', 'scripts/launch.js', 'src/main.ts', 'serve'], environment, '/health'))
    again.push(await startOnce(['--max-semi-space-size=8', 'scripts/launch.js', 'src/main.ts', 'serve'], environment, '/health'))
    await rm(folder, { recursive: true })
  }
  line('first start to first answer, ms', bare, fresh, 'milliseconds')
  line('later start to first answer, ms', bare, again, 'milliseconds')
  line('resident memory after it, MiB', bare, again, 'residentMiB')
}

function line(name: string, reference: readonly Started[], own: readonly Started[], key: keyof Started): void {
  const [theirs, ours] = [median(reference.map((one) => one[key])), median(own.map((one) => one[key]))]
  const aim = key === 'milliseconds' ? '<= 8' : '<= 5'
  console.log(
    `${name.padEnd(56)} reference ${theirs.toFixed(0).padStart(10)}    own ${ours.toFixed(0).padStart(10)}    ratio ${(ours / theirs).toFixed(2).padStart(6)}  (aim ${aim})`,
  )
}
