import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

const bin = fileURLToPath(new URL('../bin.ts', import.meta.url))

/** How a command ended. */
export interface Outcome {
  output: string
  errors: string
  code: number | null
}

export interface CommandOptions {
  environment?: Record<string, string>
  input?: string
  /** Whether standard input stays open behind the input. */
  staysOpen?: boolean
  /** The program; by default `millrace-client`. */
  program?: string
  /** Gets the running process. */
  onStart?: (child: ChildProcess) => void
}

/** Runs `millrace-client WORDS` as a process of its own. */
export async function runProcess(
  words: readonly string[],
  { environment = {}, input = '', staysOpen = false, program = bin, onStart }: CommandOptions = {},
): Promise<Outcome> {
  const child = spawn(process.execPath, [program, ...words], { env: { PATH: process.env['PATH'], ...environment }, stdio: ['pipe', 'pipe', 'pipe'] })
  child.stdin.on('error', () => undefined)
  if (staysOpen) child.stdin.write(input)
  else child.stdin.end(input)
  onStart?.(child)
  const [output, errors, [code]] = await Promise.all([text(child.stdout).catch(() => ''), text(child.stderr), once(child, 'exit')])
  return { output, errors, code }
}
