import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))

/** A hub in a process of its own, started as people start it. */
export interface HubProcess {
  readonly url: string
  /** Ends it like a crash (or by another signal) and waits until it is gone. */
  kill(signal?: NodeJS.Signals): Promise<void>
}

/** Starts `millrace serve` with these settings and waits until it listens. */
export async function startHubProcess(environment: Record<string, string>): Promise<HubProcess> {
  const child: ChildProcess = spawn(process.execPath, [main, 'serve'], {
    env: { ...environment, PATH: process.env['PATH'] },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  for await (const chunk of child.stdout ?? []) {
    said += chunk
    if (/listens on \S+\s/.test(said)) break
  }
  const url = /listens on (\S+?)\/?\s/.exec(said)?.[1]
  assert.ok(url, said)
  child.stdout?.resume()
  const kill = async (signal: NodeJS.Signals = 'SIGKILL') => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill(signal)
    await gone
  }
  return { url, kill }
}
