import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))

/** The lines that the processes print when they are ready. */
const greetings = { serve: /listens on (\S+?)\/?\s/, worker: /Millrace works()/ } as const

/** A hub in a process of its own, started as people start it. */
export interface HubProcess {
  readonly url: string
  /** Ends it like a crash (or by another signal) and waits until it is gone. */
  kill(signal?: NodeJS.Signals): Promise<void>
}

/** A process of a hub that may not be ready yet. */
export interface StartingProcess {
  readonly pid: number
  /** Where it listens (empty for a worker), as soon as it says so. Rejects when it ends before. */
  readonly ready: Promise<string>
  kill(signal?: NodeJS.Signals): Promise<void>
  /** Sends a signal that does not end it. */
  signal(name: NodeJS.Signals): void
}

/** Starts `millrace serve` or `millrace worker` with these settings, without waiting for it. */
export function spawnHub(environment: Record<string, string>, command: 'serve' | 'worker' = 'serve', flags: string[] = []): StartingProcess {
  const child = spawn(process.execPath, [main, command, ...flags], {
    env: { ...environment, PATH: process.env['PATH'] },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ready = new Promise<string>((resolve, reject) => {
    let said = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += said.length < 10_000 ? text : ''
      const url = greetings[command].exec(said)?.[1]
      if (url !== undefined) resolve(url)
    })
    child.once('exit', (code, signal) => reject(new Error(`millrace ${command} ended (${signal ?? code}) before it was ready: ${said}`)))
  })
  // A test that kills it before it is ready does not wait for this.
  ready.catch(() => undefined)
  const kill = async (name: NodeJS.Signals = 'SIGKILL') => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill(name)
    await gone
  }
  assert.ok(child.pid)
  return { pid: child.pid, ready, kill, signal: (name) => void child.kill(name) }
}

/** Starts `millrace serve` with these settings and waits until it listens. */
export async function startHubProcess(environment: Record<string, string>): Promise<HubProcess> {
  const { ready, kill } = spawnHub(environment)
  return { url: await ready, kill }
}
